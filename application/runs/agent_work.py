"""An agent at work: it plans without tools, then acts with them, until it has nothing left to call."""

from dataclasses import dataclass

from application.owned_task import finish_despite_cancellation
from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.ports.session_store import SessionStore
from application.runs.agent_calls import AgentCalls
from application.runs.answer_draft import AnswerDraft
from application.runs.answer_tool_calls import AnswerToolCalls
from application.runs.model_asker import Answered, ModelAsker, Question
from application.runs.run_handle import RunHandle
from application.runs.tool_caller import ToolCaller
from domain.agent import Agent
from domain.agent_prompts import PhasePrompts
from domain.agent_work import next_step
from domain.conversation import last_calls
from domain.message import AssistantMessage, UserMessage
from domain.model_card import ModelCard
from domain.run_event import AgentExecution, AgentPlanning
from domain.session import Session


@dataclass(slots=True, kw_only=True)
class AgentWork:
    """One delegation being carried out. `session` is the agent's, as its model is to see it next."""

    agent: Agent
    card: ModelCard
    prompts: PhasePrompts
    session: Session


class WorkAsAgent:
    def __init__(
        self,
        *,
        sessions: SessionStore,
        asker: ModelAsker,
        call_tool: ToolCaller,
        answer_tool_calls: AnswerToolCalls,
        clock: Clock,
        ids: IdSource,
        max_iterations: int,
    ) -> None:
        """`sessions` are the agents' own; `call_tool` calls their tools by qualified names."""
        self._sessions = sessions
        self._asker = asker
        self._call_tool = call_tool
        self._answer_tool_calls = answer_tool_calls
        self._clock = clock
        self._ids = ids
        self._max_iterations = max_iterations

    async def __call__(self, handle: RunHandle, work: AgentWork) -> str | None:
        """Carry the work to its end, from wherever its history stands. None, or a sentence that says why it stopped.

        Everything is stored as it completes, and stands in `work.session` when an error is raised: ModelNotFound,
        ModelServerError, ContextOverflow, ToolConfirmationRequired, what the stores raise.
        """
        if next_step(work.session.messages, self._max_iterations) == "answer_calls":
            await self._go_on(handle, work)
        while True:
            match next_step(work.session.messages, self._max_iterations):
                case "plan":
                    await self._plan(handle, work)
                case "finished":
                    return None
                case "stopped":
                    return _stopped(self._max_iterations)
                case _:
                    await self._execute(handle, work)

    async def _plan(self, handle: RunHandle, work: AgentWork) -> None:
        name = work.agent.name
        draft = self._draft(handle, work)
        await self._ask(
            handle,
            work,
            Question(
                session=work.session,
                card=work.card,
                draft=draft,
                tell_content=lambda piece: handle.emit(AgentPlanning(name, piece)),
                tell_thinking=_keep_to_itself,
                purpose="agent",
                think=handle.request.think,
                options=handle.request.options,
                closing=self._closing(work.prompts.planning),
            ),
        )

    async def _execute(self, handle: RunHandle, work: AgentWork) -> None:
        name = work.agent.name
        draft = self._draft(handle, work)
        answer = await self._ask(
            handle,
            work,
            Question(
                session=work.session,
                card=work.card,
                draft=draft,
                tell_content=lambda piece: handle.emit(AgentExecution(name, piece)),
                tell_thinking=_keep_to_itself,
                purpose="agent",
                tools=tuple(work.agent.tools.values()),
                think=handle.request.think,
                options=handle.request.options,
                closing=self._closing(work.prompts.execution),
            ),
        )
        if answer.tool_calls:
            work.session = await self._answer_tool_calls(self._calls(work), handle, work.session, answer)

    async def _go_on(self, handle: RunHandle, work: AgentWork) -> None:
        """Answer the calls that a server which stopped left open."""
        if found := last_calls(work.session.messages):
            answer, results_there = found
            work.session = await self._answer_tool_calls.go_on(
                self._calls(work), handle, work.session, answer, results_there
            )

    async def _ask(self, handle: RunHandle, work: AgentWork, question: Question) -> AssistantMessage:
        answered = await self._asker.ask(handle, question)
        if not question.tools:
            question.draft.tool_calls.clear()  # There is nothing to call yet, whatever the model says.
        return await finish_despite_cancellation(self._keep(work, answered))

    async def _keep(self, work: AgentWork, answered: Answered) -> AssistantMessage:
        work.session, message = await self._asker.keep(answered, self._sessions)
        return message

    def _draft(self, handle: RunHandle, work: AgentWork) -> AnswerDraft:
        handle.agent_draft = AnswerDraft(message_id=self._ids.new_id(), model=work.session.model)
        return handle.agent_draft

    def _closing(self, text: str) -> UserMessage:
        return UserMessage(message_id=self._ids.new_id(), timestamp=self._clock.now(), content=text)

    def _calls(self, work: AgentWork) -> AgentCalls:
        return AgentCalls(
            sessions=self._sessions,
            agent_name=work.agent.name,
            tool_names=work.agent.tools,
            call_tool=self._call_tool,
        )


def _keep_to_itself(_piece: str) -> None:
    """No event carries what an agent thinks; its session keeps it."""


def _stopped(iterations: int) -> str:
    return (
        f"The agent was stopped after {iterations} iterations, and may not be done. "
        "Delegate again with this session_id to let it go on."
    )
