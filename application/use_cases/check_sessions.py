"""Whether every session of a store can be read."""

from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from application.use_cases.storage_reports import Problem, Progress, SessionsChecked
from domain.errors import SessionCorrupt, SessionNotFound, StorageFailed


class CheckSessions:
    """Reads everything and changes nothing."""

    def __init__(self, *, sessions: SessionStore, runs: RunStore | None) -> None:
        """`runs` is None for sessions that have none of their own."""
        self._sessions = sessions
        self._runs = runs

    async def __call__(self, progress: Progress) -> SessionsChecked:
        """What there is. Raises StorageFailed where the sessions cannot be listed."""
        report = SessionsChecked()
        session_ids = await self._sessions.session_ids()
        for done, session_id in enumerate(session_ids):
            progress(done, len(session_ids))
            try:
                await self._check(session_id, report)
            except SessionNotFound:
                continue  # Deleted since the ids were listed.
            except SessionCorrupt as error:
                report.problems.append(Problem(session_id, f"it cannot be read: {error.details['reason']}"))
            except StorageFailed as error:
                report.problems.append(Problem(session_id, f"it cannot be read: {error.message}"))
        progress(len(session_ids), len(session_ids))
        return report

    async def _check(self, session_id: str, report: SessionsChecked) -> None:
        session = await self._sessions.load(session_id)
        report.sessions += 1
        report.messages += session.message_count
        for run in await self._runs.list_runs(session_id) if self._runs else ():
            report.runs += 1
            report.open_runs += not run.has_ended
