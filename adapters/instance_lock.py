"""Which servers live, as told by locks on files of theirs."""

import fcntl
import os
import secrets
from contextlib import suppress
from errno import ELOOP, ENOENT
from pathlib import Path
from typing import Final

_OPEN: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_LOOK: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_INSTANCE_PREFIX: Final = "instance-"


class InstanceLock:
    """Held from start to end of one server, so that others can tell whether it still lives.

    The system lets go of it when its process is gone, however that came.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._descriptor: int | None = None
        self.instance_id = ""

    def acquire(self) -> None:
        """Take a new instance id and let it live; forget the instances that are dead."""
        while self._descriptor is None:
            self.instance_id = secrets.token_hex(8)
            self._descriptor = _locked_new_file(self.folder / f"{_INSTANCE_PREFIX}{self.instance_id}")
        for path in self.folder.glob(f"{_INSTANCE_PREFIX}*"):
            _remove_if_dead(path)

    def release(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                (self.folder / f"{_INSTANCE_PREFIX}{self.instance_id}").unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def is_alive(self, instance_id: str) -> bool:
        """Raises OSError where that cannot be told: who is taken for dead loses its sessions to others."""
        if instance_id == self.instance_id:
            return self._descriptor is not None
        try:
            descriptor = os.open(self.folder / f"{_INSTANCE_PREFIX}{instance_id}", _LOOK)
        except OSError as error:
            if error.errno in {ENOENT, ELOOP}:  # ELOOP: a symbolic link, which no instance made.
                return False
            raise
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
    is_ours = False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_ours = os.fstat(descriptor).st_nlink > 0
    except BlockingIOError:
        return None
    finally:
        if not is_ours:
            os.close(descriptor)
    return descriptor if is_ours else None


def _remove_if_dead(path: Path) -> None:
    """Under its lock: else who has made its file and not locked it yet does so in between, and lives unseen.

    Under a shared one, which says of the dead to nobody that they live.
    """
    with suppress(OSError):
        descriptor = os.open(path, _LOOK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            path.unlink()
        finally:
            os.close(descriptor)
