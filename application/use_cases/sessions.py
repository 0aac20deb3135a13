"""Sessions: listed, read and deleted."""

from contextlib import suppress

from application.owned_task import finish_despite_cancellation
from application.ports.run_store import RunStore
from application.ports.session_store import ListPosition, SessionPage, SessionStore
from application.runs.summary_desk import SummaryDesk
from application.runs.supervisor import RunSupervisor
from application.use_cases.session_view import SessionView, SessionViews
from domain.errors import SessionBusy, SessionNotFound, ValidationFailed
from domain.identifiers import require_session_id
from domain.message import Message
from domain.search import words_of

MAX_PAGE_SIZE = 1000


class ListSessions:
    """Newest `updated_at` first; with a `query`, those that hold each of its words."""

    def __init__(self, *, sessions: SessionStore) -> None:
        self._sessions = sessions

    async def __call__(
        self, *, query: str = "", limit: int | None = None, after: ListPosition | None = None
    ) -> SessionPage:
        """All from behind `after`, or at most `limit`. Raises ValidationFailed for a limit not from 1 to 1,000,
        StorageFailed."""
        if limit is not None and not 1 <= limit <= MAX_PAGE_SIZE:
            raise ValidationFailed(f"The limit must be from 1 to {MAX_PAGE_SIZE}.", field="limit")
        return await self._sessions.list_sessions(words=words_of(query), limit=limit, after=after)


class GetSession:
    def __init__(self, *, sessions: SessionStore, views: SessionViews) -> None:
        self._sessions = sessions
        self._views = views

    async def __call__(self, session_id: str) -> SessionView:
        """Raises SessionNotFound, SessionCorrupt, StorageFailed."""
        require_session_id(session_id)
        return await self._views.view(await self._sessions.load(session_id))


class ListMessages:
    """The history alone: it waits for no model's server."""

    def __init__(self, *, sessions: SessionStore) -> None:
        self._sessions = sessions

    async def __call__(self, session_id: str) -> tuple[Message, ...]:
        """Raises SessionNotFound, SessionCorrupt, StorageFailed."""
        require_session_id(session_id)
        return (await self._sessions.load(session_id)).messages


class DeleteSession:
    """Ends the runs of a session, and its summary, and forgets it and them; a corrupt one too."""

    def __init__(
        self, *, sessions: SessionStore, runs: RunStore, supervisor: RunSupervisor, summaries: SummaryDesk
    ) -> None:
        self._sessions = sessions
        self._runs = runs
        self._supervisor = supervisor
        self._summaries = summaries

    async def __call__(self, session_id: str) -> None:
        """Raises SessionNotFound, StorageFailed; after that, it can be tried again until all is forgotten."""
        require_session_id(session_id)
        while True:
            await self._supervisor.end_all(session_id)
            with suppress(SessionBusy):  # a run that began meanwhile ends like the others
                # Who leaves midway must not leave the records of runs that a later session of this id would inherit.
                return await finish_despite_cancellation(self._forget(session_id))

    async def _forget(self, session_id: str) -> None:
        async with self._supervisor.deleting(session_id):
            self._summaries.drop(session_id)
            try:
                await self._sessions.delete(session_id)
            except SessionNotFound:
                # An earlier delete may have got no further.
                await self._runs.forget(session_id)
                raise
            await self._runs.forget(session_id)
