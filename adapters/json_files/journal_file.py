"""Journals as files, `{session_id}.jsonl`: read whole, appended to, replaced."""

import os
import stat
from collections.abc import Iterator
from errno import ELOOP
from pathlib import Path
from typing import Final

from adapters.json_files.atomic_file import read_whole, sync_folder, write_all
from adapters.json_files.journal import OwnedRun, read_journal, read_open_runs
from domain.identifiers import is_id

_SUFFIX: Final = ".jsonl"
_APPEND: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def journal_name(session_id: str) -> str:
    return session_id + _SUFFIX


def read_journal_file(folder: int, session_id: str) -> tuple[dict[str, OwnedRun], int]:
    """The runs that the journal holds, and its size in bytes: none where there is no journal."""
    try:
        data, identity = read_whole(folder, journal_name(session_id))
    except FileNotFoundError:
        return {}, 0
    return read_journal(data), identity.size


def open_runs_in(folder: int, session_id: str) -> list[OwnedRun]:
    """The runs of a session that have not ended, by its journal."""
    try:
        return read_open_runs(read_whole(folder, journal_name(session_id))[0])
    except FileNotFoundError:
        return []


def append_to_journal(folder: int, session_id: str, line: bytes, *, is_durable: bool) -> int:
    """Put a line at the end, whole or not at all, and give the journal's size then, in bytes.

    A line that `is_durable` outlives a power cut too.
    """
    descriptor = os.open(journal_name(session_id), _APPEND, 0o666, dir_fd=folder)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(ELOOP, "no regular file")
        try:
            data = _separator(descriptor, status.st_size) + line
            write_all(descriptor, data)
            if is_durable:
                os.fsync(descriptor)
            if is_durable and status.st_size == 0:
                sync_folder(folder)
        except OSError:
            os.ftruncate(descriptor, status.st_size)
            raise
        return status.st_size + len(data)
    finally:
        os.close(descriptor)


def all_journals(folder: Path) -> Iterator[tuple[str, int]]:
    """The session's id and the size in bytes of each journal."""
    with os.scandir(folder) as entries:
        for entry in entries:
            session_id = entry.name.removesuffix(_SUFFIX)
            if entry.name.endswith(_SUFFIX) and is_id(session_id) and entry.is_file(follow_symlinks=False):
                yield session_id, entry.stat(follow_symlinks=False).st_size


def _separator(descriptor: int, size: int) -> bytes:
    """Ends the line that a writer left when it died over it, so that ours begins a new one."""
    return b"" if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n" else b"\n"
