"""The journals of all sessions: whole operations on their files, for one writing thread."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from adapters.json_files.atomic_file import open_folder, read_whole, remove_leftovers, sync_folder, write_whole
from adapters.json_files.failures import storage_failures
from adapters.json_files.journal import OPEN_STATUSES, Journal, OwnedRun, more_line, read_journal, run_line
from adapters.json_files.journal_file import all_journals, append_to_journal, journal_name, read_journal_file
from adapters.json_files.locks import InstanceLock, LockBusy, StripeLocks
from application.ports.run_store import AbandonedRun
from domain.errors import SessionBusy, StorageFailed
from domain.identifiers import is_id
from domain.run import PartialAnswer, Run, runs_to_keep

_SMALL_BYTES: Final = 32 * 1024
"""A journal of up to this size is left as it grew: rewriting it costs two more syncs than appending."""
_LONGEST_WAIT_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.002


@dataclass(frozen=True, slots=True)
class _Flushed:
    """A run of this process that has not ended, and the text of it that the journal holds."""

    session_id: str
    partial: PartialAnswer | None = None


class RunJournals:
    """Every method may raise StorageFailed. All that write are called from one thread, one after the other."""

    def __init__(self, sessions_folder: Path) -> None:
        self._folder = sessions_folder / ".runs"
        self._locks_folder = sessions_folder / ".locks"
        self._locks = StripeLocks(self._locks_folder, "runs")
        self._instance = InstanceLock(self._locks_folder)
        self._mine: dict[str, _Flushed] = {}

    def open(self) -> None:
        """Make the folders, let this instance live, and clear away what dead processes left."""
        with storage_failures("The folder of the runs could not be prepared"):
            for folder in (self._folder, self._locks_folder):
                folder.mkdir(parents=True, exist_ok=True)
            self._instance.acquire()
            with open_folder(self._folder) as folder_fd:
                remove_leftovers(folder_fd)
            for session_id, size in list(all_journals(self._folder)):
                if size > _SMALL_BYTES:
                    with self._writing(session_id) as folder_fd:
                        self._compact(folder_fd, session_id, read_journal_file(folder_fd, session_id)[0], size)

    def close(self) -> None:
        self._instance.release()

    def claim(self, run: Run) -> None:
        """Raises SessionBusy."""
        with self._writing(run.session_id) as folder:
            journal, _ = read_journal_file(folder, run.session_id)
            for other in journal.runs.values():
                if other.run.run_id != run.run_id and self._holds_session(other):
                    raise SessionBusy(run.session_id, other.run.run_id)
            append_to_journal(folder, run.session_id, self._line(run), is_durable=True)
        self._mine[run.run_id] = _Flushed(run.session_id)

    def update(self, run: Run) -> None:
        with self._writing(run.session_id) as folder:
            journal, size = read_journal_file(folder, run.session_id)
            journal.put(self._owned(run))
            if not (run.has_ended and self._compact(folder, run.session_id, journal, size, run.ended_at)):
                append_to_journal(folder, run.session_id, self._line(run), is_durable=True)
        if run.has_ended:
            self._mine.pop(run.run_id, None)
        else:
            self._mine.setdefault(run.run_id, _Flushed(run.session_id))

    def flush(self, partials: Sequence[PartialAnswer]) -> None:
        """Each on its own: what fails for one fails for no other. The first failure is raised in the end."""
        failure: StorageFailed | None = None
        for partial in partials:
            known = self._mine.get(partial.run_id)
            if known is None:
                continue
            try:
                self._flush(partial, known)
            except StorageFailed as error:
                failure = failure or error
        if failure:
            raise failure

    def forget(self, session_id: str) -> None:
        if not is_id(session_id):
            return
        self._mine = {run_id: known for run_id, known in self._mine.items() if known.session_id != session_id}
        with self._writing(session_id) as folder, suppress(FileNotFoundError):
            os.unlink(journal_name(session_id), dir_fd=folder)
            sync_folder(folder)

    def runs_of(self, session_id: str) -> list[Run]:
        """Called from any thread: whoever writes meanwhile leaves at most a line that is not whole."""
        if not is_id(session_id):
            return []
        with storage_failures("The runs could not be read"), open_folder(self._folder) as folder:
            journal, _ = read_journal_file(folder, session_id)
        return [owned.run for owned in journal.runs.values()]

    def abandoned(self) -> list[AbandonedRun]:
        found: list[AbandonedRun] = []
        with storage_failures("The runs could not be read"), open_folder(self._folder) as folder:
            for session_id, _ in list(all_journals(self._folder)):
                with suppress(FileNotFoundError):
                    data, _ = read_whole(folder, journal_name(session_id))
                    if any(status in data for status in OPEN_STATUSES):
                        found.extend(self._abandoned_in(read_journal(data)))
        return found

    def _abandoned_in(self, journal: Journal) -> Iterator[AbandonedRun]:
        for run_id, owned in journal.runs.items():
            if not owned.run.has_ended and not self._instance.is_alive(owned.owner):
                yield AbandonedRun(run=owned.run, partial=journal.partial_of(run_id))

    def _holds_session(self, owned: OwnedRun) -> bool:
        is_at_work = not owned.run.has_ended and owned.run.status != "queued"
        return is_at_work and self._instance.is_alive(owned.owner)

    def _flush(self, partial: PartialAnswer, known: _Flushed) -> None:
        line = more_line(partial, known.partial)
        with self._writing(partial.session_id) as folder:
            is_kept = append_to_journal(folder, partial.session_id, line, is_durable=False)
        if is_kept:
            self._mine[partial.run_id] = _Flushed(partial.session_id, partial)
        else:
            # Another process forgot the session.
            del self._mine[partial.run_id]

    def _compact(self, folder: int, session_id: str, journal: Journal, size: int, now: datetime | None = None) -> bool:
        """Whether the journal was rewritten with what is to be kept of it, as it had grown."""
        if size <= _SMALL_BYTES:
            return False
        if now is not None:
            kept = runs_to_keep([owned.run for owned in journal.runs.values()], now)
            journal.runs = {run.run_id: journal.runs[run.run_id] for run in reversed(kept)}
        lines = journal.lines()
        if size <= 2 * len(lines):
            return False
        write_whole(folder, journal_name(session_id), lines)
        return True

    def _owned(self, run: Run) -> OwnedRun:
        return OwnedRun(run, self._instance.instance_id)

    def _line(self, run: Run) -> bytes:
        return run_line(self._owned(run))

    @contextmanager
    def _writing(self, session_id: str) -> Iterator[int]:
        if not is_id(session_id):
            raise ValueError(session_id)
        with (
            storage_failures("The run could not be written"),
            self._hold(session_id),
            open_folder(self._folder) as folder,
        ):
            yield folder

    @contextmanager
    def _hold(self, session_id: str) -> Iterator[None]:
        """The lock of the session's stripe, waited for: this thread serves nobody else."""
        deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(self._locks.hold(session_id))
                    break
                except LockBusy:
                    if time.monotonic() > deadline:
                        raise StorageFailed("Another process holds the runs' lock and does not let go.") from None
                time.sleep(_PAUSE_SECONDS)
            yield
