"""Telling our own changes of a folder from those of other processes, without looking at its files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock


class FolderWatch:
    """Follows the folder's modification time, which every rename, link and unlink in it sets. Thread-safe.

    That time moves in steps of milliseconds: another process's change in the same step as ours is not told from it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._seen_ns: int | None = None

    @contextmanager
    def own_change(self) -> Iterator[None]:
        """A change within is known to the one who watches."""
        with self._lock:
            before = self._time()
            yield
            if before == self._seen_ns:
                self._seen_ns = self._time()

    def begin_look(self) -> None:
        """Everything in the folder is looked at from now on."""
        with self._lock:
            self._seen_ns = self._time()

    def is_unchanged(self) -> bool:
        """False where somebody else surely changed the folder since the last look."""
        with self._lock:
            return self._seen_ns == self._time()

    def _time(self) -> int:
        """-1 where the folder is gone: whoever looks at it next says so."""
        try:
            return self._folder.stat().st_mtime_ns
        except OSError:
            return -1
