"""Locks between the processes that share a folder.

A lock file is never deleted or renamed: a lock on a file that has lost its name locks nobody out.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_OPEN: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_INSTANCE_PREFIX: Final = "instance-"
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


class InstanceLock:
    """Held from start to end of one server, so that others can tell whether it still lives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None
        self.instance_id = ""

    def acquire(self) -> None:
        """Take a new instance id and let it live; forget the instances that are dead."""
        while self._descriptor is None:
            self.instance_id = secrets.token_hex(8)
            self._descriptor = _locked_new_file(self._folder / f"{_INSTANCE_PREFIX}{self.instance_id}")
        for path in self._folder.glob(f"{_INSTANCE_PREFIX}*"):
            if not self.is_alive(path.name.removeprefix(_INSTANCE_PREFIX)):
                path.unlink(missing_ok=True)

    def release(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                (self._folder / f"{_INSTANCE_PREFIX}{self.instance_id}").unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def is_alive(self, instance_id: str) -> bool:
        if instance_id == self.instance_id:
            return self._descriptor is not None
        try:
            descriptor = os.open(
                self._folder / f"{_INSTANCE_PREFIX}{instance_id}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            )
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def _locked_new_file(path: Path) -> int | None:
    """None where another process took it for a dead one's, before it was locked."""
    descriptor = os.open(path, _OPEN | os.O_EXCL, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    if os.fstat(descriptor).st_nlink == 0:
        os.close(descriptor)
        return None
    return descriptor
