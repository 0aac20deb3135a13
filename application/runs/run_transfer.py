"""The records of runs, taken from one store to another with the session that they belong to."""

from collections.abc import Mapping, Sequence

from application.ports.clock import Clock
from application.ports.run_store import AbandonedRun, RunStore
from domain.errors import SessionBusy, StorageFailed
from domain.run import Run, runs_to_keep


class RunTransfer:
    """Moves what a server would still need: the runs that have ended, and those that dead processes left open.

    The latter are claimed in the target, with the text that they had flushed. When the process that copies ends, they
    are abandoned there as they were in the source: the next server ends them, or lets them go on waiting for a
    person, as it would have done there.
    """

    def __init__(self, *, source: RunStore, target: RunStore, clock: Clock) -> None:
        self._source = source
        self._target = target
        self._clock = clock
        self._left_in_source: Mapping[str, AbandonedRun] = {}
        self._left_in_target: Mapping[str, AbandonedRun] = {}

    async def begin(self) -> None:
        """Look at what dead processes left. Comes before all else. Raises StorageFailed."""
        self._left_in_source = {each.run.run_id: each for each in await self._source.abandoned()}
        self._left_in_target = {each.run.run_id: each for each in await self._target.abandoned()}

    async def runs_of(self, session_id: str) -> Sequence[Run]:
        """The runs to move, oldest first. Raises SessionBusy where one is at work in a living process."""
        runs = runs_to_keep(await self._source.list_runs(session_id), self._clock.now())
        for run in runs:
            if not run.has_ended and run.run_id not in self._left_in_source:
                raise SessionBusy(session_id, run.run_id)
        return runs[::-1]

    async def move(self, session_id: str, runs: Sequence[Run]) -> int:
        """How many had to be written. What a server of the target has gone on with stays as it is.

        Raises SessionBusy where another run holds the session in the target, and StorageFailed, also where the target
        does not give back what it was given.
        """
        known = {run.run_id for run in await self._target.list_runs(session_id)}
        new = [run for run in runs if run.run_id not in known or self._lacks_its_text(run)]
        for run in new:
            await self._keep(run)
        kept = {run.run_id: run for run in await self._target.list_runs(session_id)} if new else {}
        if any(kept.get(run.run_id) != run for run in new):
            raise StorageFailed("The target does not give back the records of runs as it was given them.")
        return len(new)

    def _lacks_its_text(self, run: Run) -> bool:
        """Whether a copy was interrupted between a run's record and its text."""
        here, there = self._left_in_source.get(run.run_id), self._left_in_target.get(run.run_id)
        if here is None or there is None:
            return False
        return there.run == run and there.partial is None and here.partial is not None

    async def _keep(self, run: Run) -> None:
        if run.has_ended:
            await self._target.update(run)
            return
        await self._target.claim(run)
        if partial := self._left_in_source[run.run_id].partial:
            await self._target.flush([partial])
