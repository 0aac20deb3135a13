"""Asking people: a question is kept before it is told, and its answer before it is acted upon."""

from collections.abc import Sequence
from dataclasses import replace

from application.owned_task import finish_despite_cancellation
from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.ports.run_store import RunStore
from application.runs.run_handle import RunHandle
from domain.confirmation import Confirmation, Decision
from domain.errors import ConfirmationDecided, ConfirmationNotFound
from domain.message import ToolCall
from domain.run import Run
from domain.run_event import AgentConfirmationRequired, ConfirmationRequired

LEFT = Decision(approved=False, reason="Nobody was there to answer.")
"""What a run takes for an answer when its last reader has left."""

ENDED = Decision(approved=False, reason="The run was ended before the question was answered.")
"""The same where somebody ended it who could have answered."""

GONE = Decision(approved=False, reason="The agent could not go on.")
"""The same where the agent that asked is not there any more."""


class Consent:
    """Every change of a question is one step from what it was, kept before it counts; one at a time for each run."""

    def __init__(self, *, runs: RunStore, clock: Clock, ids: IdSource) -> None:
        self._runs = runs
        self._clock = clock
        self._ids = ids

    async def ask(
        self, handle: RunHandle, calls: Sequence[tuple[int, ToolCall]], agent_name: str | None = None
    ) -> Sequence[Confirmation]:
        """Put a question for each call, by its place in the answer. Raises StorageFailed; then nothing was asked.

        `agent_name` is that of the agent whose calls they are.
        """
        questions = tuple(self._question(index, call, agent_name) for index, call in calls)
        async with handle.record_lock:
            asked = replace(handle.run, request=handle.request.to_go_on_with())
            await self._keep(handle, asked.with_confirmations((*asked.confirmations, *questions)))
        for question in questions:
            handle.emit(event_of(question))
        return questions

    async def answered(self, handle: RunHandle, confirmation_id: str) -> Confirmation:
        """The question, once somebody has answered it."""
        while True:
            confirmation = _of(handle, confirmation_id)
            if not confirmation.is_pending:
                return confirmation
            await handle.next_answer()

    async def decide(self, handle: RunHandle, confirmation_id: str, decision: Decision) -> Confirmation:
        """Take an answer. Raises ConfirmationNotFound, ConfirmationDecided, StorageFailed; then it does not count."""
        return await finish_despite_cancellation(self._decide(handle, confirmation_id, decision))

    async def start(self, handle: RunHandle, confirmation: Confirmation) -> None:
        """From here on the call is never made again, whatever becomes of the server. Raises StorageFailed."""
        async with handle.record_lock:
            await self._keep(handle, handle.run.with_confirmation(replace(confirmation, state="started")))

    def finish(self, handle: RunHandle, confirmation: Confirmation) -> None:
        """Told with the next record of the run: the result is in the history, which says more."""
        handle.run = handle.run.with_confirmation(replace(confirmation, state="done"))

    async def deny_of(self, handle: RunHandle, agent_name: str) -> None:
        """The agent will not go on: nobody need answer what it asked. Raises StorageFailed."""
        async with handle.record_lock:
            denied = tuple(
                each.decided(GONE) if each.is_pending and each.agent_name == agent_name else each
                for each in handle.run.confirmations
            )
            if denied != handle.run.confirmations:
                await self._keep(handle, handle.run.with_confirmations(denied))

    async def deny_all(self, handle: RunHandle) -> Run:
        """The run ends: what is still open is denied, and kept with the run's ending."""
        async with handle.record_lock:
            verdict = ENDED if handle.readers else LEFT
            denied = tuple(each.decided(verdict) if each.is_pending else each for each in handle.run.confirmations)
            handle.run = replace(handle.run, confirmations=denied)
        return handle.run

    async def _decide(self, handle: RunHandle, confirmation_id: str, decision: Decision) -> Confirmation:
        async with handle.record_lock:
            if handle.run.has_ended:
                raise ConfirmationDecided(confirmation_id)
            decided = _of(handle, confirmation_id).decided(decision)
            await self._keep(handle, handle.run.with_confirmation(decided))
        handle.tell_answer()
        return decided

    async def _keep(self, handle: RunHandle, changed: Run) -> None:
        """Only questions and status are taken over: tokens may have been counted while the disk was written."""
        changed = replace(changed, last_sequence=handle.last_sequence)
        await self._runs.update(changed)
        handle.run = replace(
            handle.run, confirmations=changed.confirmations, status=changed.status, request=changed.request
        )

    def _question(self, index: int, call: ToolCall, agent_name: str | None) -> Confirmation:
        return Confirmation(
            confirmation_id=self._ids.new_id(),
            tool_name=call.tool_name,
            arguments=call.arguments,
            call_index=index,
            tool_call_id=call.call_id,
            created_at=self._clock.now(),
            agent_name=agent_name,
        )


def _of(handle: RunHandle, confirmation_id: str) -> Confirmation:
    confirmation = handle.run.confirmation(confirmation_id)
    if confirmation is None:
        raise ConfirmationNotFound(handle.run.session_id, confirmation_id)
    return confirmation


def event_of(question: Confirmation) -> ConfirmationRequired:
    """What readers of the run are told of a question."""
    if question.agent_name is None:
        return ConfirmationRequired(
            tool_name=question.tool_name,
            arguments=question.arguments,
            call_index=question.call_index,
            tool_call_id=question.tool_call_id,
            confirmation_id=question.confirmation_id,
        )
    return AgentConfirmationRequired(
        tool_name=question.tool_name,
        arguments=question.arguments,
        call_index=question.call_index,
        tool_call_id=question.tool_call_id,
        confirmation_id=question.confirmation_id,
        agent_name=question.agent_name,
    )
