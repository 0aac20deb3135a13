"""What a process that died left open, closed at the next start."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from application.ports.clock import Clock
from application.ports.run_store import AbandonedRun, RunStore
from application.ports.session_store import SessionStore
from application.runs.run_ending import RunEnding
from application.runs.run_keeper import RunKeeper
from application.runs.supervisor import RunSupervisor
from domain.agent_work import is_open
from domain.errors import SessionCorrupt, SessionNotFound, StorageFailed
from domain.message import AssistantMessage, Message
from domain.waiting_run import still_waits

_log = logging.getLogger(__name__)


LAST_SEQUENCE_UNKNOWN = 1_000_000_000
"""Stands for the number of a `done` that was never sent: no reader of the dead process can have seen a greater one."""


class RecoverRuns:
    """Takes over the runs of dead processes: those that wait for a person go on waiting here, unless their session has
    moved on without them; the others end as `interrupted`, the text that they had flushed folded into the history."""

    def __init__(
        self, *, sessions: SessionStore, runs: RunStore, keeper: RunKeeper, supervisor: RunSupervisor, clock: Clock
    ) -> None:
        self._sessions = sessions
        self._runs = runs
        self._keeper = keeper
        self._supervisor = supervisor
        self._clock = clock

    async def __call__(self) -> None:
        """Done twice, it is done once. Raises StorageFailed where the runs cannot be read."""
        left: dict[str, list[AbandonedRun]] = {}
        for found in await self._runs.abandoned():
            left.setdefault(found.run.session_id, []).append(found)
        for session_id, found_there in left.items():
            try:
                await self._take_over(session_id, sorted(found_there, key=_age))
            except StorageFailed as error:
                _log.warning(
                    "the runs of session %s stay as they are until the next start: %s", session_id, error.message
                )

    async def _take_over(self, session_id: str, left: Sequence[AbandonedRun]) -> None:
        """`left` are all that were left of one session, the oldest first.

        What a run leaves open, the next one closes as it begins. So at most one run has the calls that the history ends
        with: the newest, unless that one never came to write. They are not closed while somebody is to answer them.
        """
        messages = await self._history(session_id, left)
        left = [_as_it_stands(each, messages) for each in left]
        waiting = next((each for each in reversed(left) if still_waits(each.run, messages)), None)
        are_anothers = waiting is not None or await self._is_at_work_elsewhere(session_id, left)
        for each in left:
            if each is not waiting:
                await self._end(each, closes_calls=each is left[-1] and not are_anothers)
        if waiting is not None:
            await self._resume(waiting)

    async def _history(self, session_id: str, left: Sequence[AbandonedRun]) -> Sequence[Message]:
        """Empty where the session is gone or cannot be read, or where it is not needed."""
        if not any(each.run.outlives_its_server or each.run.delegation for each in left):
            return ()
        try:
            return (await self._sessions.load(session_id)).messages
        except (SessionNotFound, SessionCorrupt):
            return ()

    async def _is_at_work_elsewhere(self, session_id: str, left: Sequence[AbandonedRun]) -> bool:
        """Whether a run of another server that lives has the session."""
        dead = {each.run.run_id for each in left}
        return any(not run.has_ended and run.run_id not in dead for run in await self._runs.list_runs(session_id))

    async def _resume(self, abandoned: AbandonedRun) -> None:
        if abandoned.partial is not None and abandoned.is_agents_text:
            await self._keeper.keep_agent_text(abandoned.partial)
        await self._supervisor.resume(abandoned.run)

    async def _end(self, abandoned: AbandonedRun, *, closes_calls: bool) -> None:
        message, agent_message = await self._texts_for_the_end(abandoned)
        run = replace(
            abandoned.run,
            status="interrupted",
            ended_at=self._clock.now(),
            message_id=message.message_id if message else abandoned.run.message_id,
            last_sequence=LAST_SEQUENCE_UNKNOWN,
        )
        _log.info("run %s of session %s was interrupted", run.run_id, run.session_id)
        await self._keeper.keep(
            RunEnding(run=run, message=message, agent_message=agent_message, closes_calls=closes_calls)
        )

    async def _texts_for_the_end(
        self, abandoned: AbandonedRun
    ) -> tuple[AssistantMessage | None, AssistantMessage | None]:
        """Those of the run and of the agent that it waits for. That of another agent, whose call the chat gave a result
        without it, is stored at once. Raises StorageFailed."""
        run, partial = abandoned.run, abandoned.partial
        if partial is None:
            return None, None
        if not abandoned.is_agents_text:
            return partial.message, None
        if run.delegation is not None and run.delegation.session_id == partial.session_id:
            return None, partial.message
        error = await self._keeper.keep_agent_text(partial)
        if isinstance(error, StorageFailed):
            raise error
        return None, None


def _age(abandoned: AbandonedRun) -> tuple[datetime, str]:
    return (abandoned.run.created_at, abandoned.run.run_id)


def _as_it_stands(abandoned: AbandonedRun, messages: Sequence[Message]) -> AbandonedRun:
    """Without a delegation that has its result in the history: a record is not written anew for each."""
    run = abandoned.run
    if run.delegation is not None and not is_open(run.delegation, messages):
        run = replace(run, delegation=None)
    return AbandonedRun(run=run, partial=abandoned.partial)
