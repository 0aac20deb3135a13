"""Sessions that were read or written lately, so that a long history is not read and decoded at each turn."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from domain.session import Session

_BUDGET: Final = 64 * 1024 * 1024
_BYTES_A_CHARACTER: Final = 2
"""A decoded message takes about so many times what it has as JSON."""
_BYTES_A_SESSION: Final = 4096


@dataclass(frozen=True, slots=True)
class KnownSession:
    """One state of a session for ever, by the `key` and `revision` of its row; `weight` in characters of JSON."""

    key: int
    revision: int
    session: Session
    weight: int

    @property
    def memory(self) -> int:
        return self.weight * _BYTES_A_CHARACTER + _BYTES_A_SESSION


class SessionCache:
    """Bounded by the memory it takes; the least lately used goes first. For the event loop only.

    What it holds may be outdated: whoever uses it asks the database for the session's revision.
    """

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, KnownSession] = OrderedDict()
        self._taken = 0

    def get(self, session_id: str) -> KnownSession | None:
        known = self._sessions.get(session_id)
        if known is not None:
            self._sessions.move_to_end(session_id)
        return known

    def put(self, known: KnownSession) -> None:
        session_id = known.session.session_id
        self.drop(session_id)
        self._sessions[session_id] = known
        self._taken += known.memory
        while self._taken > _BUDGET:
            self.drop(next(iter(self._sessions)))

    def drop(self, session_id: str) -> None:
        if known := self._sessions.pop(session_id, None):
            self._taken -= known.memory
