"""Going on from an earlier point without losing the later ones."""

from dataclasses import replace

from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.ports.session_store import SessionStore
from application.runs.call_closer import CallCloser
from application.runs.supervisor import RunSupervisor
from application.use_cases.new_session import keep_as_new
from application.use_cases.session_view import SessionView, SessionViews
from domain.conversation import forked_messages
from domain.identifiers import require_session_id


class ForkSession:
    """Copies a history, or its beginning, into a new session under the same settings.

    Messages keep their ids, which are unique within a session only, so that a client can tell what the two share.
    The summary goes along where the whole history does.
    """

    def __init__(
        self,
        *,
        sessions: SessionStore,
        supervisor: RunSupervisor,
        call_closer: CallCloser,
        views: SessionViews,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._sessions = sessions
        self._supervisor = supervisor
        self._call_closer = call_closer
        self._views = views
        self._clock = clock
        self._ids = ids

    async def __call__(self, session_id: str, *, message_index: int | None = None) -> SessionView:
        """The new session, with the history up to and including `message_index` (all of it where None).

        Raises SessionNotFound, SessionCorrupt, SessionBusy, InvalidMessageIndex, StorageFailed.
        """
        require_session_id(session_id)
        async with self._supervisor.idle(session_id):
            origin = await self._sessions.load(session_id)
        messages = forked_messages(origin, message_index)
        now = self._clock.now()
        fork = replace(
            origin,
            session_id=self._ids.new_id(),
            created_at=now,
            updated_at=now,
            messages=messages,
            summary=origin.summary if len(messages) == len(origin.messages) else None,
        )
        kept = await keep_as_new(self._call_closer(fork), sessions=self._sessions, ids=self._ids)
        return await self._views.view(kept)
