"""Files that are written whole or not at all, and read without following symbolic links.

A write goes to a temporary file, which is synced and then takes the name. Its writer holds a lock on it as long as
it lives: so the leftovers of dead writers can be told from the files of living ones.
"""

import fcntl
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from errno import EINVAL, ELOOP, ENOSYS, ENOTSUP, ENXIO, EOPNOTSUPP, EPERM
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

_TEMPORARY: Final = re.compile(r"\.tmp-[0-9a-f]{16}", re.ASCII)
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ATTEMPTS: Final = 5

RenameContext: TypeAlias = Callable[[], AbstractContextManager[None]]
"""Makes the context of one rename: a write that is made again needs a new one."""


class FileIdentity(NamedTuple):
    """One version of a file: our writers see to it that `mtime_ns` grows with each version of a name."""

    mtime_ns: int
    size: int
    inode: int


def new_temporary_name() -> str:
    return f".tmp-{secrets.token_hex(8)}"


class TemporaryFileLost(OSError):
    """Another process took a temporary file for a leftover, in the moment between its creation and its lock."""


@contextmanager
def open_folder(path: Path) -> Iterator[int]:
    """A descriptor to name the folder's files by. The folder itself may be a symbolic link."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def identity_of(status: os.stat_result) -> FileIdentity:
    return FileIdentity(status.st_mtime_ns, status.st_size, status.st_ino)


def look_at(folder: int, name: str) -> FileIdentity:
    """Raises FileNotFoundError where `name` is no regular file."""
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        raise FileNotFoundError
    return identity_of(status)


def read_whole(folder: int, name: str) -> tuple[bytes, FileIdentity]:
    """Raises FileNotFoundError where `name` is no regular file."""
    descriptor = open_regular(folder, name)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        return file.readall(), identity_of(status)


def write_whole(
    folder: int,
    name: str,
    data: bytes,
    *,
    scratch: int | None = None,
    is_new: bool = False,
    around_rename: RenameContext = nullcontext,
) -> FileIdentity:
    """Let `name` hold `data`, durably. On any OSError it holds what it held before, and nothing temporary is left.

    `scratch` is the folder for the temporary file, on the same disk (default: `folder`). With `is_new`, raises
    FileExistsError where anything has that name.
    """
    scratch = folder if scratch is None else scratch
    for attempt in range(_ATTEMPTS):
        try:
            return _write_once(folder, name, data, scratch, is_new=is_new, around_rename=around_rename)
        except TemporaryFileLost:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError


def remove_leftovers(scratch: int) -> None:
    """Remove the temporary files of writers that are dead."""
    for name in os.listdir(scratch):
        if not _TEMPORARY.fullmatch(name):
            continue
        with suppress(OSError):
            descriptor = open_regular(scratch, name)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(name, dir_fd=scratch)
            finally:
                os.close(descriptor)


def try_writing(scratch: int) -> None:
    """Write a temporary file, durably, and remove it. Raises OSError where that cannot be done."""
    name = new_temporary_name()
    descriptor = os.open(name, _CREATE, 0o666, dir_fd=scratch)
    try:
        write_all(descriptor, b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        # Somebody who took it for a leftover has removed it already.
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=scratch)


def sync_folder(folder: int) -> None:
    """Make the names in a folder durable, where its file system can."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != EINVAL:
            raise


def write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def open_regular(folder: int, name: str) -> int:
    """A descriptor to read `name` by. Raises FileNotFoundError where it is no regular file."""
    try:
        descriptor = os.open(name, _READ, dir_fd=folder)
    except OSError as error:
        if error.errno in {ELOOP, ENXIO}:  # A symbolic link; a socket.
            raise FileNotFoundError from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError
    return descriptor


def _write_once(
    folder: int, name: str, data: bytes, scratch: int, *, is_new: bool, around_rename: RenameContext
) -> FileIdentity:
    temporary = new_temporary_name()
    descriptor = os.open(temporary, _CREATE, 0o666, dir_fd=scratch)
    old, has_moved = None, False
    try:
        _lock_new(descriptor)
        old = None if is_new else _open_old(folder, name)
        write_all(descriptor, data)
        _stamp(descriptor, old)
        os.fsync(descriptor)
        identity = identity_of(os.fstat(descriptor))
        with around_rename():
            has_moved = _publish(scratch, temporary, folder, name, is_new=is_new)
        try:
            sync_folder(folder)
        except OSError:
            _take_back(folder, name, old)
            raise
        return identity
    finally:
        if not has_moved:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=scratch)
        os.close(descriptor)
        if old is not None:
            os.close(old)


def _lock_new(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise TemporaryFileLost from None


def _open_old(folder: int, name: str) -> int | None:
    try:
        return open_regular(folder, name)
    except FileNotFoundError:
        return None


def _stamp(descriptor: int, old: int | None) -> None:
    """Give the new version a later time than the old one's: the kernel's own clock moves in steps of milliseconds."""
    now = time.time_ns()
    if old is not None:
        now = max(now, os.fstat(old).st_mtime_ns + 1000)
    os.utime(descriptor, ns=(now, now))


def _publish(scratch: int, temporary: str, folder: int, name: str, *, is_new: bool) -> bool:
    """Whether the temporary name is gone with it."""
    try:
        if not is_new:
            os.rename(temporary, name, src_dir_fd=scratch, dst_dir_fd=folder)
            return True
        try:
            os.link(temporary, name, src_dir_fd=scratch, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            if error.errno not in {EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS}:  # ENOSYS is what FUSE says.
                raise
            _rename_to_new(scratch, temporary, folder, name)
    except FileNotFoundError:
        raise TemporaryFileLost from None
    return False


def _rename_to_new(scratch: int, temporary: str, folder: int, name: str) -> None:
    """For file systems without hard links."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(temporary, name, src_dir_fd=scratch, dst_dir_fd=folder)
    else:
        raise FileExistsError


def _take_back(folder: int, name: str, old: int | None) -> None:
    """Undo a rename that could not be made durable, as well as a failing disk allows."""
    with suppress(OSError):
        if old is None:
            os.unlink(name, dir_fd=folder)
            return
        temporary = new_temporary_name()
        status = os.fstat(old)
        descriptor = os.open(temporary, _CREATE, 0o666, dir_fd=folder)
        try:
            write_all(descriptor, os.pread(old, status.st_size, 0))
            os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            os.close(descriptor)
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
