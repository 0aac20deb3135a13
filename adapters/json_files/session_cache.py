"""Sessions that were read or written lately, decoded and as bytes."""

from collections import OrderedDict
from threading import Lock
from typing import Final

from adapters.codec.session_file import SessionFile
from adapters.json_files.atomic_file import FileIdentity

_BUDGET: Final = 64 * 1024 * 1024
_BYTES_A_BYTE: Final = 3
"""A decoded session and its bytes take about so many times the bytes (10,000 messages: 2.1 to 3.2, the short most)."""
_BYTES_A_SESSION: Final = 4096


class SessionCache:
    """Bounded by the memory it takes; the least lately used goes first. Used from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: OrderedDict[str, tuple[FileIdentity, SessionFile]] = OrderedDict()
        self._taken = 0

    def get(self, session_id: str, identity: FileIdentity) -> SessionFile | None:
        """None where another version of the file is kept, or none."""
        with self._lock:
            known = self._entries.get(session_id)
            if known is None or known[0] != identity:
                return None
            self._entries.move_to_end(session_id)
            return known[1]

    def put(self, session_id: str, identity: FileIdentity, file: SessionFile) -> None:
        with self._lock:
            self._drop(session_id)
            self._entries[session_id] = (identity, file)
            self._taken += _weight(file)
            while self._taken > _BUDGET:
                self._drop(next(iter(self._entries)))

    def drop(self, session_id: str) -> None:
        with self._lock:
            self._drop(session_id)

    def _drop(self, session_id: str) -> None:
        if known := self._entries.pop(session_id, None):
            self._taken -= _weight(known[1])


def _weight(file: SessionFile) -> int:
    return len(file.data) * _BYTES_A_BYTE + _BYTES_A_SESSION
