"""Delegating to an agent: its session, its work, and what the one who delegated is told of it."""

from collections.abc import Collection
from dataclasses import replace

from application.agent_directory import AgentDirectory
from application.all_telemetry import told
from application.ports.clock import Clock
from application.ports.run_store import RunStore
from application.ports.telemetry import AgentReport, Telemetry
from application.runs.agent_desk import AgentDesk
from application.runs.agent_models import AgentModels
from application.runs.agent_work import AgentWork, WorkAsAgent
from application.runs.call_result import CallResult
from application.runs.consent import Consent
from application.runs.run_handle import RunHandle
from domain.agent import Agent, Delegation
from domain.agent_work import output_of
from domain.delegating import Order, order_of
from domain.errors import (
    AgentInvalid,
    AgentNotFound,
    ContextOverflow,
    MochiError,
    SessionCorrupt,
    SessionNotFound,
    ValidationFailed,
)
from domain.json_value import JsonObject
from domain.message import ToolCall
from domain.model_card import ModelCard
from domain.run_event import AgentStart
from domain.session import Session
from domain.tool import ToolErrorCode, ToolOutcome, cut_result


class DelegateToAgent:
    def __init__(
        self,
        *,
        agents: AgentDirectory,
        models: AgentModels,
        desk: AgentDesk,
        work: WorkAsAgent,
        consent: Consent,
        runs: RunStore,
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        self._agents = agents
        self._models = models
        self._desk = desk
        self._work = work
        self._consent = consent
        self._runs = runs
        self._telemetry = telemetry
        self._clock = clock

    async def refusal(self, arguments: JsonObject, agents: Collection[str]) -> ToolOutcome | None:
        """What a delegation would fail with before anything is asked or done. Raises StorageFailed."""
        try:
            await self.check(arguments, agents)
        except ValidationFailed as error:
            return _failed(error.message, "VALIDATION_ERROR")
        return None

    async def check(self, arguments: JsonObject, agents: Collection[str]) -> None:
        """Raises ValidationFailed where nobody could be delegated to with these arguments; StorageFailed."""
        await self._desk.require_own(order_of(arguments, agents))

    async def __call__(
        self,
        handle: RunHandle,
        index: int,
        call: ToolCall,
        changed_arguments: JsonObject | None,
        *,
        agents: Collection[str],
        chat_model: str,
    ) -> CallResult:
        """Let the agent work for this call, or go on where a server that stopped left it.

        What the agent cannot do is a failed result. Raises what ends the run: ModelNotFound, ModelServerError,
        ToolConfirmationRequired, what the stores raise. Then `handle` still tells of the delegation, for the run's end.
        """
        begun = self._clock.monotonic()
        delegation = handle.run.delegation
        try:
            if delegation is not None and delegation.is_of(index, call.call_id):
                outcome = await self._go_on(handle, delegation, chat_model)
            else:
                arguments = call.arguments if changed_arguments is None else changed_arguments
                outcome = await self._begin(handle, index, call, order_of(arguments, agents), chat_model)
        except ValidationFailed as error:
            outcome = _failed(error.message, "VALIDATION_ERROR")
        except (AgentNotFound, AgentInvalid, SessionNotFound, SessionCorrupt) as error:
            outcome = _failed(_words(error), "TOOL_EXECUTION_FAILED")
            await self._give_up(handle)
        delegation = handle.run.delegation
        handle.end_delegation()
        return CallResult(
            index=index,
            call=call,
            outcome=outcome,
            execution_time=self._clock.monotonic() - begun,
            changed_arguments=changed_arguments,
            delegation=delegation,
        )

    async def _begin(self, handle: RunHandle, index: int, call: ToolCall, order: Order, chat_model: str) -> ToolOutcome:
        agent, skill = await self._agents.usable(order.agent_name)
        card, note = await self._models.choose(skill.model, chat_model)
        async with self._desk.opened(order, skill, card.name) as session:
            delegation = Delegation(
                call_index=index,
                tool_call_id=call.call_id,
                agent_name=order.agent_name,
                session_id=session.session_id,
            )
            await self._record(handle, delegation)
            handle.emit(
                AgentStart(agent_name=order.agent_name, instruction=order.instruction, session_id=session.session_id)
            )
            return await self._worked(handle, agent, card, session, note)

    async def _go_on(self, handle: RunHandle, delegation: Delegation, chat_model: str) -> ToolOutcome:
        agent, skill = await self._agents.usable(delegation.agent_name)
        async with self._desk.opened_again(delegation.session_id) as session:
            card, note = await self._models.choose(skill.model, chat_model)
            return await self._worked(handle, agent, card, session, note)

    async def _give_up(self, handle: RunHandle) -> None:
        """The agent, or its session, was gone by the time that it was to go on."""
        if delegation := handle.run.delegation:
            await self._desk.close(delegation.session_id)
            await self._consent.deny_of(handle, delegation.agent_name)

    async def _record(self, handle: RunHandle, delegation: Delegation) -> None:
        """From here on the run's record says where the agent's work is, for whoever finds it after a crash."""
        async with handle.record_lock:
            await self._runs.update(replace(handle.run, delegation=delegation, last_sequence=handle.last_sequence))
            handle.run = replace(handle.run, delegation=delegation)

    async def _worked(
        self, handle: RunHandle, agent: Agent, card: ModelCard, session: Session, note: str | None
    ) -> ToolOutcome:
        handle.agent_model = card.name
        work = AgentWork(agent=agent, card=card, prompts=await self._agents.phase_prompts(), session=session)
        notes = [note] if note else []
        report = AgentReport(agent_name=agent.name, model=card.name, session_id=session.session_id)
        try:
            with told(self._telemetry, report):
                stopped = await self._work(handle, work)
        except ContextOverflow as error:
            text = output_of(work.session, *notes, f"The agent could not go on: {error.message}")
            return _failed(cut_result(text), "TOOL_EXECUTION_FAILED")
        return ToolOutcome(text=cut_result(output_of(work.session, *notes, *([stopped] if stopped else []))))


def _words(error: MochiError) -> str:
    """For a model, which knows no routes."""
    if isinstance(error, SessionNotFound | SessionCorrupt):
        return "The session that the agent worked in is not there any more. Delegate anew, without a session_id."
    return error.message


def _failed(text: str, code: ToolErrorCode) -> ToolOutcome:
    return ToolOutcome(text=text, error_code=code)
