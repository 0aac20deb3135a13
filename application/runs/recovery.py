"""What a process that died left open, closed at the next start."""

import logging
from dataclasses import replace

from application.ports.clock import Clock
from application.ports.run_store import AbandonedRun, RunStore
from application.runs.run_keeper import RunEnding, RunKeeper
from application.runs.supervisor import RunSupervisor

_log = logging.getLogger(__name__)


LAST_SEQUENCE_UNKNOWN = 1_000_000_000
"""Stands for the number of a `done` that was never sent: no reader of the dead process can have seen a greater one."""


class RecoverRuns:
    """Takes over the runs of dead processes: those that wait for a person go on waiting here, the others end as
    `interrupted`, the text that they had flushed folded into the history."""

    def __init__(self, *, runs: RunStore, keeper: RunKeeper, supervisor: RunSupervisor, clock: Clock) -> None:
        self._runs = runs
        self._keeper = keeper
        self._supervisor = supervisor
        self._clock = clock

    async def __call__(self) -> None:
        """Done twice, it is done once. Raises StorageFailed where the runs cannot be read."""
        for abandoned in await self._runs.abandoned():
            if abandoned.run.outlives_its_server:
                if abandoned.partial is not None and abandoned.is_agents_text:
                    await self._keeper.keep_agent_text(abandoned.run, abandoned.partial.message)
                await self._supervisor.resume(abandoned.run)
            else:
                await self._end(abandoned)

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
