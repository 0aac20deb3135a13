"""Editing what a person said."""

from application.ports.clock import Clock
from application.ports.session_store import SessionStore
from application.runs.supervisor import RunSupervisor
from domain.conversation import edit_user_message
from domain.identifiers import require_session_id
from domain.message import Message


class EditMessage:
    """Gives a user message another text and drops all that came after it."""

    def __init__(self, *, sessions: SessionStore, supervisor: RunSupervisor, clock: Clock) -> None:
        self._sessions = sessions
        self._supervisor = supervisor
        self._clock = clock

    async def __call__(self, session_id: str, *, message_index: int, content: str) -> tuple[Message, ...]:
        """The history as it is then.

        Raises SessionNotFound, SessionCorrupt, SessionBusy, InvalidMessageIndex, StorageFailed.
        """
        require_session_id(session_id)
        async with self._supervisor.idle(session_id):
            at = self._clock.now()
            session = await self._sessions.update(
                session_id, lambda current: edit_user_message(current, message_index, content, at)
            )
        return session.messages
