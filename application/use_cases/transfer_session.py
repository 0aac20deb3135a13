"""Sessions out of the server and in again."""

from dataclasses import replace

from application.ports.id_source import IdSource
from application.ports.session_store import SessionStore
from application.runs.call_closer import CallCloser
from application.use_cases.message_ids import with_unique_ids
from application.use_cases.new_session import keep_as_new
from application.use_cases.session_view import SessionView, SessionViews
from domain.identifiers import is_id, require_session_id
from domain.session import Session


class ExportSession:
    """The session as it is kept."""

    def __init__(self, *, sessions: SessionStore) -> None:
        self._sessions = sessions

    async def __call__(self, session_id: str) -> Session:
        """Raises SessionNotFound, SessionCorrupt, StorageFailed."""
        require_session_id(session_id)
        return await self._sessions.load(session_id)


class ImportSession:
    """Keeps a session that was exported, its times and ids included; a taken id becomes a new one.

    What breaks the rules of a history (an id twice, a tool call without its result) is repaired rather than refused.
    The model need not be there: it is asked for at the next run.
    """

    def __init__(self, *, sessions: SessionStore, call_closer: CallCloser, views: SessionViews, ids: IdSource) -> None:
        self._sessions = sessions
        self._call_closer = call_closer
        self._views = views
        self._ids = ids

    async def __call__(self, session: Session) -> SessionView:
        """The session as it was kept. Raises StorageFailed."""
        whole = replace(
            session,
            session_id=session.session_id if is_id(session.session_id) else self._ids.new_id(),
            messages=with_unique_ids(session.messages, self._ids),
            agent_name=None,
        )
        kept = await keep_as_new(self._call_closer(whole), sessions=self._sessions, ids=self._ids)
        return await self._views.view(kept)
