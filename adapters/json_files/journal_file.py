"""Journals as files, `{session_id}.jsonl`: read whole, appended to, replaced."""

import os
import stat
from collections.abc import Iterator
from errno import ELOOP
from pathlib import Path
from typing import Final

from adapters.json_files.atomic_file import read_whole, sync_folder, write_all
from adapters.json_files.journal import Journal, read_journal
from domain.identifiers import is_id

_SUFFIX: Final = ".jsonl"
_APPEND: Final = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def journal_name(session_id: str) -> str:
    return session_id + _SUFFIX


def read_journal_file(folder: int, session_id: str) -> tuple[Journal, int]:
    """The journal and its size in bytes: an empty one where there is none."""
    try:
        data, identity = read_whole(folder, journal_name(session_id))
    except FileNotFoundError:
        return Journal(), 0
    return read_journal(data), identity.size


def append_to_journal(folder: int, session_id: str, line: bytes, *, is_durable: bool) -> bool:
    """Put a line at the end, whole or not at all. A durable one makes the journal; for another it must be there.

    False, and nothing done, where it is not.
    """
    descriptor = _open(folder, journal_name(session_id), may_create=is_durable)
    if descriptor is None:
        return False
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(ELOOP, "no regular file")
        try:
            write_all(descriptor, _separator(descriptor, status.st_size) + line)
            if is_durable:
                os.fsync(descriptor)
            if is_durable and status.st_size == 0:
                sync_folder(folder)
        except OSError:
            os.ftruncate(descriptor, status.st_size)
            raise
    finally:
        os.close(descriptor)
    return True


def all_journals(folder: Path) -> Iterator[tuple[str, int]]:
    """The session's id and the size in bytes of each journal."""
    with os.scandir(folder) as entries:
        for entry in entries:
            session_id = entry.name.removesuffix(_SUFFIX)
            if entry.name.endswith(_SUFFIX) and is_id(session_id) and entry.is_file(follow_symlinks=False):
                yield session_id, entry.stat(follow_symlinks=False).st_size


def _open(folder: int, name: str, *, may_create: bool) -> int | None:
    try:
        return os.open(name, _APPEND | (os.O_CREAT if may_create else 0), 0o666, dir_fd=folder)
    except FileNotFoundError:
        if may_create:
            raise
        return None


def _separator(descriptor: int, size: int) -> bytes:
    """Ends the line that a writer left when it died over it, so that ours begins a new one."""
    return b"" if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n" else b"\n"
