"""Records of runs in memory, gone with the process: so none of them is ever abandoned."""

from collections.abc import Sequence

from application.ports import run_store as ports
from domain.errors import SessionBusy
from domain.run import PartialAnswer, Run, newest_first, runs_to_keep


class MemoryRunStore(ports.RunStore):
    def __init__(self) -> None:
        self._sessions: dict[str, dict[str, Run]] = {}

    async def claim(self, run: Run) -> None:
        runs = self._sessions.get(run.session_id, {})
        for other in runs.values():
            if other.run_id != run.run_id and not other.has_ended:
                raise SessionBusy(run.session_id, other.run_id)
        kept = runs_to_keep((*runs.values(), run), now=run.created_at)
        self._sessions[run.session_id] = {each.run_id: each for each in kept}

    async def update(self, run: Run) -> None:
        self._sessions.setdefault(run.session_id, {})[run.run_id] = run

    async def flush(self, partials: Sequence[PartialAnswer]) -> None:
        """Nothing outlives this process, and this process holds the text itself."""

    async def list_runs(self, session_id: str) -> Sequence[Run]:
        return newest_first(self._sessions.get(session_id, {}).values())

    async def abandoned(self) -> Sequence[ports.AbandonedRun]:
        return ()

    async def forget(self, session_id: str) -> None:
        self._sessions.pop(session_id, None)
