"""Locks between the processes that share a folder.

A lock file is never deleted or renamed: a lock on a file that has lost its name locks nobody out.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_OPEN: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
STRIPE_CHARACTERS: Final = 2
"""Ids are random hex, so their first two characters spread them over 256 locks."""


class LockBusy(Exception):
    """Another process holds the lock."""


def stripe_of(session_id: str) -> str:
    return session_id[:STRIPE_CHARACTERS]


class StripeLocks:
    """One lock for all sessions of a stripe, held as long as one file operation takes."""

    def __init__(self, folder: Path, purpose: str) -> None:
        """Locks of different purposes do not wait for each other."""
        self._folder = folder
        self._purpose = purpose

    @contextmanager
    def hold(self, session_id: str) -> Iterator[None]:
        """Raises LockBusy at once where it is held elsewhere."""
        descriptor = os.open(self._folder / f"{self._purpose}-{stripe_of(session_id)}", _OPEN, 0o666)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LockBusy from None
            yield
        finally:
            os.close(descriptor)
