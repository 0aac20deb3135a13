"""Where sessions are kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from domain.message import Message
from domain.session import Session, SessionOverview


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPosition:
    """A place in the list of sessions, after the session that it names."""

    updated_at: datetime
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """`next_position` is None on the last page."""

    sessions: Sequence[SessionOverview]
    next_position: ListPosition | None


SessionChange: TypeAlias = Callable[[Session], Session]
"""A pure function from a session to the next one."""


class SessionStore(Protocol):
    """Sessions by id. Every change is whole or not at all, and durable when the call returns, even under a power cut.

    Calls for one session, from any number of tasks and processes, take effect one after the other. A cancelled call
    either takes effect in full or not at all, and never lets a later one overtake it. What a session or message
    carries in `extra` is kept. Every method may raise StorageFailed; then nothing has changed.
    """

    async def create(self, session: Session) -> bool:
        """Keep a new session. False, and nothing changed, where the id is taken."""
        ...

    async def load(self, session_id: str) -> Session:
        """The session as it is now.

        Raises SessionNotFound; SessionCorrupt where what is kept cannot be read (it stays as it is).
        """
        ...

    async def append(self, session_id: str, messages: Sequence[Message], at: datetime) -> None:
        """Put `messages` at the end of the history and set `updated_at`, at a cost that the history's length
        does not drive where the store allows that.

        Raises SessionNotFound, SessionCorrupt.
        """
        ...

    async def update(self, session_id: str, change: SessionChange) -> Session:
        """Apply a pure `change` to the session as it is now, keep the result and return it.

        `change` may be called again, with a newer session, where another writer came first; it must not change
        `session_id`. An error that it raises passes through, and nothing has changed. Where it returns the very
        session that it was given, nothing is written.
        Raises SessionNotFound, SessionCorrupt.
        """
        ...

    async def delete(self, session_id: str) -> None:
        """Forget the session, a corrupt one too. Raises SessionNotFound."""
        ...

    async def list_sessions(
        self, *, words: Sequence[str] = (), limit: int | None = None, after: ListPosition | None = None
    ) -> SessionPage:
        """Overviews, newest `updated_at` first (ties: greater id first); at most `limit`, from behind `after`.

        With `words` (as `domain.search.words_of` makes them), only sessions of which each word begins one of
        `domain.search.words_of_session`. Corrupt sessions are left out. Costs no read of every session each time.
        """
        ...

    async def session_ids(self) -> Sequence[str]:
        """The ids of all sessions, corrupt ones too, in ascending order: for who goes through everything."""
        ...
