"""What runs there are, and ending one."""

from collections.abc import Sequence

from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from application.runs.supervisor import RunSupervisor
from domain.errors import RunNotAtWork, RunNotFound
from domain.identifiers import require_session_id
from domain.run import Run


class ListRuns:
    """The runs of a session, newest first: those at work and waiting as they are now, the rest as they were kept."""

    def __init__(self, *, sessions: SessionStore, runs: RunStore, supervisor: RunSupervisor) -> None:
        self._sessions = sessions
        self._runs = runs
        self._supervisor = supervisor

    async def __call__(self, session_id: str) -> Sequence[Run]:
        """Raises SessionNotFound."""
        require_session_id(session_id)
        runs = {run.run_id: run for run in await self._runs.list_runs(session_id)}
        runs |= {run.run_id: run for run in self._supervisor.unsaved_runs(session_id)}
        runs |= {handle.run.run_id: handle.run for handle in self._supervisor.runs_of(session_id)}
        if not runs:
            await self._sessions.load(session_id)
        return sorted(runs.values(), key=lambda run: run.created_at, reverse=True)


class GetRun:
    def __init__(self, *, list_runs: ListRuns) -> None:
        self._list_runs = list_runs

    async def __call__(self, session_id: str, run_id: str) -> Run:
        """Raises SessionNotFound, RunNotFound."""
        for run in await self._list_runs(session_id):
            if run.run_id == run_id:
                return run
        raise RunNotFound(session_id, run_id)


class CancelRun:
    """Ends the run at work, or the one that is named; generation at the model's server ends too."""

    def __init__(self, *, sessions: SessionStore, supervisor: RunSupervisor) -> None:
        self._sessions = sessions
        self._supervisor = supervisor

    async def __call__(self, session_id: str, run_id: str | None = None) -> Run:
        """The run as it really ended: one that completed first has completed.

        Raises SessionNotFound; RunNotAtWork where no such run is at work or waits.
        """
        require_session_id(session_id)
        handles = self._supervisor.runs_of(session_id)
        handle = next((handle for handle in handles if run_id in (None, handle.run.run_id)), None)
        if handle is None:
            await self._sessions.load(session_id)
            raise RunNotAtWork(session_id, run_id)
        return await self._supervisor.end(handle, "cancelled")
