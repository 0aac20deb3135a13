"""The journals of all sessions: whole operations on their files, for one writing thread."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from adapters.instance_lock import InstanceLock
from adapters.json_files.atomic_file import open_folder, read_whole, remove_leftovers, write_whole
from adapters.json_files.failures import storage_failures
from adapters.json_files.journal import OwnedRun, run_line
from adapters.json_files.journal_file import (
    all_journals,
    append_to_journal,
    journal_name,
    open_runs_in,
    read_journal_file,
)
from adapters.json_files.locks import LockBusy, StripeLocks
from adapters.json_files.text_log import TextLog, instances_with_text, text_log_name, texts_in
from application.ports.run_store import AbandonedRun
from domain.errors import SessionBusy, StorageFailed
from domain.identifiers import is_id
from domain.run import PartialAnswer, Run, runs_to_keep

_SMALL_BYTES: Final = 32 * 1024
"""A journal of up to this size is left as it grew: rewriting it costs two more syncs than appending."""
_LONGEST_WAIT_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.002


class RunJournals:
    """Every method may raise StorageFailed. All that write are called from one thread, one after the other."""

    def __init__(self, sessions_folder: Path) -> None:
        self._folder = sessions_folder / ".runs"
        self._locks_folder = sessions_folder / ".locks"
        self._locks = StripeLocks(self._locks_folder, "runs")
        self._instance = InstanceLock(self._locks_folder)
        self._texts = TextLog(self._folder, self._instance)
        self._mine: dict[str, str] = {}
        """The sessions of this process's runs that have not ended, by run."""
        self._left: dict[str, set[str]] = {}
        """The runs of dead instances that are still to be ended, by instance."""

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
                        self._compact(folder_fd, session_id)

    def close(self) -> None:
        """Also after an `open` that failed, however far it came."""
        try:
            with storage_failures("The text of the runs could not be left in order"):
                self._texts.close()
        finally:
            self._instance.release()

    def claim(self, run: Run) -> None:
        """Raises SessionBusy."""
        with self._writing(run.session_id) as folder:
            for other in open_runs_in(folder, run.session_id):
                if other.run.run_id != run.run_id and self._holds_session(other):
                    raise SessionBusy(run.session_id, other.run.run_id)
            append_to_journal(folder, run.session_id, self._line(run), is_durable=_must_outlive_power(run))
        self._note(run)

    def update(self, run: Run) -> None:
        with self._writing(run.session_id) as folder:
            size = append_to_journal(folder, run.session_id, self._line(run), is_durable=_must_outlive_power(run))
            if run.has_ended and size > _SMALL_BYTES:
                self._compact(folder, run.session_id, run.ended_at)
        self._note(run)

    def flush(self, partials: Sequence[PartialAnswer]) -> None:
        with storage_failures("The text of the runs could not be written"):
            failure = self._texts.put(partial for partial in partials if partial.run_id in self._mine)
        if failure:
            raise failure

    def forget(self, session_id: str) -> None:
        if not is_id(session_id):
            return
        # Not synced: records that a power cut brings back are of a session that is gone, and harm nobody.
        with self._writing(session_id) as folder, suppress(FileNotFoundError):
            os.unlink(journal_name(session_id), dir_fd=folder)
        for run_id in [run_id for run_id, its_session in self._mine.items() if its_session == session_id]:
            del self._mine[run_id]
            self._texts.drop(run_id)

    def runs_of(self, session_id: str) -> list[Run]:
        """Called from any thread: whoever writes meanwhile leaves at most a line that is not whole."""
        if not is_id(session_id):
            return []
        with storage_failures("The runs could not be read"), open_folder(self._folder) as folder:
            return [owned.run for owned in read_journal_file(folder, session_id)[0].values()]

    def abandoned(self) -> list[AbandonedRun]:
        """Text of dead instances that no run of theirs needs any more goes."""
        with storage_failures("The runs could not be read"), open_folder(self._folder) as folder:
            open_runs = list(self._open_runs_of_the_dead(folder))
            left: dict[str, set[str]] = {}
            for owned in open_runs:
                left.setdefault(owned.owner, set()).add(owned.run.run_id)
            texts = {owner: self._texts_of(folder, owner) for owner in left}
            self._left = left
            for instance in instances_with_text(self._folder):
                if instance not in left and not self._instance.is_alive(instance):
                    self._remove_texts_of(instance)
        return [AbandonedRun(run=owned.run, partial=texts[owned.owner].get(owned.run.run_id)) for owned in open_runs]

    def _open_runs_of_the_dead(self, folder: int) -> Iterator[OwnedRun]:
        for session_id, _ in list(all_journals(self._folder)):
            for owned in open_runs_in(folder, session_id):
                if not self._instance.is_alive(owned.owner):
                    yield owned

    def _texts_of(self, folder: int, instance: str) -> dict[str, PartialAnswer]:
        try:
            data, _ = read_whole(folder, text_log_name(instance))
        except FileNotFoundError:
            return {}
        return texts_in(data)

    def _remove_texts_of(self, instance: str) -> None:
        (self._folder / text_log_name(instance)).unlink(missing_ok=True)

    def _note(self, run: Run) -> None:
        """What follows from the new state of a run, once it is written: it is ours now, or has ended."""
        if run.has_ended:
            self._mine.pop(run.run_id, None)
            self._texts.drop(run.run_id)
        else:
            self._mine[run.run_id] = run.session_id
        for instance, run_ids in list(self._left.items()):
            run_ids.discard(run.run_id)
            if not run_ids:
                del self._left[instance]
                with suppress(OSError):
                    self._remove_texts_of(instance)

    def _holds_session(self, owned: OwnedRun) -> bool:
        return owned.run.status != "queued" and self._instance.is_alive(owned.owner)

    def _compact(self, folder: int, session_id: str, now: datetime | None = None) -> None:
        """Write a journal that has grown anew, with what is to be kept of it, where that is much less.

        Where that fails it stays long: what it is to keep is in it already, and must not be said to have failed.
        """
        with suppress(OSError):
            self._rewrite(folder, session_id, now)

    def _rewrite(self, folder: int, session_id: str, now: datetime | None) -> None:
        runs, size = read_journal_file(folder, session_id)
        kept = list(runs)
        if now is not None:
            kept = [run.run_id for run in reversed(runs_to_keep([owned.run for owned in runs.values()], now))]
        lines = b"".join([run_line(runs[run_id]) for run_id in kept])
        if size > 2 * len(lines):
            write_whole(folder, journal_name(session_id), lines)

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


def _must_outlive_power(run: Run) -> bool:
    """Whether something would be done twice if this were lost with the power: the others need only outlive us."""
    return run.idempotency_key is not None or bool(run.confirmations)
