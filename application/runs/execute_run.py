"""A run at work: the model is asked, what it says is told and stored, until it has nothing left to call."""

from application.model_directory import ModelDirectory
from application.offers import NOTHING, Offer, Offers
from application.owned_task import finish_despite_cancellation
from application.ports.id_source import IdSource
from application.ports.session_store import SessionStore
from application.runs.answer_draft import AnswerDraft
from application.runs.answer_tool_calls import AnswerToolCalls
from application.runs.chat_calls import ChatCalls
from application.runs.delegate import DelegateToAgent
from application.runs.model_asker import Answered, ModelAsker, Question
from application.runs.run_handle import RunHandle
from application.runs.tool_caller import ToolCaller
from domain.conversation import last_calls, rounds_of_calls, without_pictures
from domain.errors import ToolRoundsExceeded
from domain.message import AssistantMessage
from domain.model_card import ModelCard, require_sight
from domain.run_event import ContentDelta, MessageComplete, ThinkingDelta, ToolContinuationStart
from domain.session import Session

_CONTINUATION = ToolContinuationStart(message="The results go back to the model.")


class ExecuteRun:
    """Carries one prepared run out.

    What is complete is stored here, each message as it completes; what a cut leaves is in the handle's draft.
    """

    def __init__(
        self,
        *,
        models: ModelDirectory,
        sessions: SessionStore,
        offers: Offers,
        asker: ModelAsker,
        call_tool: ToolCaller,
        delegate: DelegateToAgent,
        answer_tool_calls: AnswerToolCalls,
        ids: IdSource,
        max_tool_rounds: int,
    ) -> None:
        self._models = models
        self._sessions = sessions
        self._offers = offers
        self._asker = asker
        self._call_tool = call_tool
        self._delegate = delegate
        self._answer_tool_calls = answer_tool_calls
        self._ids = ids
        self._max_tool_rounds = max_tool_rounds

    async def __call__(self, handle: RunHandle, session: Session) -> None:
        """Raises ModelNotFound, ModelServerError, ContextOverflow, ToolRoundsExceeded, ToolConfirmationRequired, and
        what the store raises."""
        if handle.is_resumed:
            session = await self._go_on(handle, session)
        card = await self._models.get(session.model)
        if handle.request.images:
            require_sight(card)
        if not card.can_see:
            session = without_pictures(session)
        # What a person enables meanwhile counts from the next run.
        offer = await self._offers.offer(session) if card.can_use_tools else NOTHING
        calls = self._calls(handle, session, offer)
        rounds = rounds_of_calls(session.messages) if handle.is_resumed else 0
        while True:
            session, answer = await self._ask(handle, session, card, offer)
            if not answer.tool_calls:
                return
            if rounds == self._max_tool_rounds:
                await self._answer_tool_calls.leave_undone(calls, handle, session, answer)
                raise ToolRoundsExceeded(rounds)
            rounds += 1
            session = await self._answer_tool_calls(calls, handle, session, answer)
            handle.emit(_CONTINUATION)

    async def _go_on(self, handle: RunHandle, session: Session) -> Session:
        """The session with results for the calls that its run waited with when its server stopped."""
        found = last_calls(session.messages)
        if found is None:
            return session
        answer, results_there = found
        if results_there < len(answer.tool_calls):
            calls = self._calls(handle, session, await self._offers.offer(session))
            session = await self._answer_tool_calls.go_on(calls, handle, session, answer, results_there)
        handle.emit(_CONTINUATION)
        return session

    def _calls(self, handle: RunHandle, session: Session, offer: Offer) -> ChatCalls:
        return ChatCalls(
            sessions=self._sessions,
            offer=offer,
            model=session.model,
            call_tool=self._call_tool,
            delegate=self._delegate,
            has_agent_at_work=handle.run.delegation is not None,
        )

    async def _ask(
        self, handle: RunHandle, session: Session, card: ModelCard, offer: Offer
    ) -> tuple[Session, AssistantMessage]:
        last = session.messages[-1]
        base = last if isinstance(last, AssistantMessage) else None
        draft = AnswerDraft(message_id=self._ids.new_id(), model=session.model, base=base)
        handle.begin_draft(draft)
        question = Question(
            session=session,
            card=card,
            draft=draft,
            tell_content=lambda piece: handle.emit(ContentDelta(piece)),
            tell_thinking=lambda piece: handle.emit(ThinkingDelta(piece)),
            tools=offer.tools,
            think=handle.request.think,
            options=handle.request.options,
            format=handle.request.format,
        )
        answered = await self._asker.ask(handle, question)
        # From here the answer is complete: it is stored and told of, even if a cancel comes meanwhile.
        return await finish_despite_cancellation(self._keep_answer(handle, answered))

    async def _keep_answer(self, handle: RunHandle, answered: Answered) -> tuple[Session, AssistantMessage]:
        session, message = await self._asker.keep(answered, self._sessions)
        if not message.tool_calls:
            handle.has_completed = True
            handle.emit(_message_complete(message, answered))
        return session, message


def _message_complete(message: AssistantMessage, answered: Answered) -> MessageComplete:
    return MessageComplete(
        message_id=message.message_id,
        model=message.model or "",
        eval_count=message.eval_count,
        prompt_eval_count=message.prompt_eval_count,
        done_reason=message.done_reason,
        context_window=answered.prompt.use_after(message),
    )
