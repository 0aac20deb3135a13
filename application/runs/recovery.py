"""What a process that died left open, closed at the next start."""

import logging
from dataclasses import replace

from application.ports.clock import Clock
from application.ports.run_store import AbandonedRun, RunStore
from application.ports.session_store import SessionStore
from application.runs.run_keeper import RunEnding, RunKeeper
from application.runs.supervisor import RunSupervisor
from domain.agent import Delegation
from domain.agent_work import is_open
from domain.errors import SessionCorrupt, SessionNotFound

_log = logging.getLogger(__name__)


LAST_SEQUENCE_UNKNOWN = 1_000_000_000
"""Stands for the number of a `done` that was never sent: no reader of the dead process can have seen a greater one."""


class RecoverRuns:
    """Takes over the runs of dead processes: those that wait for a person go on waiting here, the others end as
    `interrupted`, the text that they had flushed folded into the history."""

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
        for found in await self._runs.abandoned():
            abandoned = await self._as_it_stands(found)
            if abandoned.run.outlives_its_server:
                if abandoned.partial is not None and abandoned.is_agents_text:
                    await self._keeper.keep_agent_text(abandoned.run, abandoned.partial.message)
                await self._supervisor.resume(abandoned.run)
            else:
                await self._end(abandoned)

    async def _as_it_stands(self, abandoned: AbandonedRun) -> AbandonedRun:
        """Without a delegation that has its result in the history, and without the text of an agent that is done: a
        record is not written anew for each."""
        run, partial = abandoned.run, abandoned.partial
        if run.delegation is not None and not await self._is_open(run.session_id, run.delegation):
            run = replace(run, delegation=None)
        if abandoned.is_agents_text and partial is not None:
            is_at_work = run.delegation is not None and run.delegation.session_id == partial.session_id
            partial = partial if is_at_work else None
        return AbandonedRun(run=run, partial=partial)

    async def _is_open(self, session_id: str, delegation: Delegation) -> bool:
        try:
            return is_open(delegation, (await self._sessions.load(session_id)).messages)
        except (SessionNotFound, SessionCorrupt):
            return False

    async def _end(self, abandoned: AbandonedRun) -> None:
        written = abandoned.partial.message if abandoned.partial else None
        message, agent_message = (None, written) if abandoned.is_agents_text else (written, None)
        run = replace(
            abandoned.run,
            status="interrupted",
            ended_at=self._clock.now(),
            message_id=message.message_id if message else abandoned.run.message_id,
            last_sequence=LAST_SEQUENCE_UNKNOWN,
        )
        _log.info("run %s of session %s was interrupted", run.run_id, run.session_id)
        await self._keeper.keep(RunEnding(run=run, message=message, agent_message=agent_message))
