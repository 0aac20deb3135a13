"""A log that a flood cannot fill: a server without a file to spare would else write a traceback for each client."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TextIO, TypeAlias

LINES: Final = 50
SECONDS: Final = 10.0
"""Of records that are alike, LINES are written in SECONDS."""

_KINDS: Final = 1000
"""Kinds that are remembered at most, as a library may word each of its records anew."""

_Kind: TypeAlias = tuple[str, int, str]


@dataclass(slots=True)
class _Window:
    """A while in which records of a kind are counted."""

    began_at: float
    count: int = 0


class LimitedHandler(logging.StreamHandler[TextIO]):
    """Writes few of the warnings and errors that have logger, level and wording in common, and says how many it left
    out. Lines of what goes well, one a request and a run, are all written."""

    def __init__(self, stream: TextIO, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._now = now
        self._windows: dict[_Kind, _Window] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.WARNING:
            super().emit(record)
            return
        kind = (record.name, record.levelno, str(record.msg))
        window = self._windows.get(kind)
        if window is None or self._now() - window.began_at >= SECONDS:
            if window is not None and window.count > LINES:
                self._note(record, f"{window.count - LINES} records like the next one were left out")
            window = self._begin(kind)
        window.count += 1
        if window.count <= LINES:
            super().emit(record)
        if window.count == LINES:
            self._note(record, f"more records like the last one are left out for up to {SECONDS:.0f} seconds")

    def _begin(self, kind: _Kind) -> _Window:
        if len(self._windows) >= _KINDS:
            self._windows.clear()
        window = self._windows[kind] = _Window(self._now())
        return window

    def _note(self, record: logging.LogRecord, words: str) -> None:
        super().emit(logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, words, None, None))
