"""Sessions in memory, gone with the process."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from application.ports import session_store as ports
from domain import conversation
from domain.errors import SessionNotFound
from domain.message import Message
from domain.search import matches, words_of_session
from domain.session import Session, overview_of


class MemorySessionStore(ports.SessionStore):
    """Nothing here awaits, so that each call takes effect in one go."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._words: dict[str, tuple[Session, frozenset[str]]] = {}

    async def create(self, session: Session) -> bool:
        return self._sessions.setdefault(session.session_id, session) is session

    async def load(self, session_id: str) -> Session:
        return self._get(session_id)

    async def append(self, session_id: str, messages: Sequence[Message], at: datetime) -> None:
        self._sessions[session_id] = conversation.append(self._get(session_id), messages, at)

    async def update(self, session_id: str, change: Callable[[Session], Session]) -> Session:
        self._sessions[session_id] = changed = change(self._get(session_id))
        return changed

    async def delete(self, session_id: str) -> None:
        self._get(session_id)
        del self._sessions[session_id]
        self._words.pop(session_id, None)

    async def list_sessions(
        self, *, words: Sequence[str] = (), limit: int | None = None, after: ports.ListPosition | None = None
    ) -> ports.SessionPage:
        found = self._found(words, after)
        if limit is None:
            return ports.SessionPage(
                sessions=[overview_of(session) for session in sorted(found, key=_list_key, reverse=True)],
                next_position=None,
            )
        newest = heapq.nlargest(limit + 1, found, key=_list_key)
        page, more = newest[:limit], len(newest) > limit
        return ports.SessionPage(
            sessions=[overview_of(session) for session in page],
            next_position=_position_of(page[-1]) if more and page else None,
        )

    async def session_ids(self) -> Sequence[str]:
        return sorted(self._sessions)

    def _get(self, session_id: str) -> Session:
        try:
            return self._sessions[session_id]
        except KeyError:
            raise SessionNotFound(session_id) from None

    def _found(self, words: Sequence[str], after: ports.ListPosition | None) -> Iterator[Session]:
        for session in self._sessions.values():
            if after and _list_key(session) >= (after.updated_at, after.session_id):
                continue
            if not words or matches(words, self._words_of(session)):
                yield session

    def _words_of(self, session: Session) -> frozenset[str]:
        known = self._words.get(session.session_id)
        if known and known[0] is session:
            return known[1]
        words = words_of_session(session)
        self._words[session.session_id] = (session, words)
        return words


def _list_key(session: Session) -> tuple[datetime, str]:
    return (session.updated_at, session.session_id)


def _position_of(session: Session) -> ports.ListPosition:
    return ports.ListPosition(updated_at=session.updated_at, session_id=session.session_id)
