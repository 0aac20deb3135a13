"""Telling our own changes of a folder from those of other processes, without looking at its files."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

_CLOCK_STEP_NS: Final = 50_000_000
"""A folder's time moves in steps (4 to 10 ms on Linux): within one, two changes look like one."""


class FolderWatch:
    """Follows the folder's modification time, which every rename, link and unlink in it sets. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._seen_ns: int | None = None
        self._is_certain = False

    @contextmanager
    def own_change(self) -> Iterator[None]:
        """A change within is known to the one who watches."""
        with self._lock:
            before = self._time()
            yield
            if before == self._seen_ns:
                self._seen_ns = self._time()
            # Another process's change in the same moment would be hidden behind ours.
            self._is_certain = False

    def begin_look(self) -> None:
        """Everything in the folder is looked at from now on."""
        with self._lock:
            self._seen_ns = self._time()
            self._is_certain = time.time_ns() - self._seen_ns > _CLOCK_STEP_NS

    def is_unchanged(self) -> bool:
        """False where somebody else surely changed the folder since the last look."""
        with self._lock:
            return self._seen_ns == self._time()

    @property
    def is_certain(self) -> bool:
        """Whether nobody else can have changed the folder unseen, as far as `is_unchanged` goes."""
        return self._is_certain

    def _time(self) -> int:
        """-1 where the folder is gone: whoever looks at it next says so."""
        try:
            return self._folder.stat().st_mtime_ns
        except OSError:
            return -1
