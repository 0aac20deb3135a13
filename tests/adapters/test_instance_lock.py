"""Who lives, while others start, and while this process cannot look."""

import errno
import fcntl
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from adapters.instance_lock import InstanceLock
from domain.errors import SessionBusy, StorageFailed
from tests.contracts.stores import OpenRunStore, json_runs, sqlite_runs
from tests.contracts.test_run_store import run

LONGEST_SECONDS = 60


def test_a_server_that_starts_lives_though_another_clears_away_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one comes upon the file before it is locked, and removes it after."""
    starting, clearing, watching = InstanceLock(tmp_path), InstanceLock(tmp_path), InstanceLock(tmp_path)
    is_at_removal, may_remove = threading.Event(), threading.Event()
    clearer = threading.Thread(target=clearing.acquire, daemon=True)
    flock, unlink = fcntl.flock, os.unlink

    def locked_late(descriptor: int, operation: int) -> None:
        if threading.current_thread() is not clearer and not is_at_removal.is_set():
            clearer.start()
            assert is_at_removal.wait(LONGEST_SECONDS)
            (found,) = {path.name for path in tmp_path.iterdir()} - {f"instance-{clearing.instance_id}"}
            assert not watching.is_alive(found.removeprefix("instance-"))
        flock(descriptor, operation)

    def removed_late(*arguments: Any, **named: Any) -> None:  # Any: as os.unlink's
        if threading.current_thread() is clearer:
            is_at_removal.set()
            assert may_remove.wait(LONGEST_SECONDS)
        unlink(*arguments, **named)

    monkeypatch.setattr(fcntl, "flock", locked_late)
    monkeypatch.setattr(os, "unlink", removed_late)
    starting.acquire()
    may_remove.set()
    clearer.join()

    assert clearing.is_alive(starting.instance_id)
    assert starting.is_alive(clearing.instance_id)
    starting.release()
    assert not clearing.is_alive(starting.instance_id)
    clearing.release()
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_an_instance_s_place_is_no_instance(tmp_path: Path) -> None:
    held = InstanceLock(tmp_path)
    held.acquire()
    (tmp_path / "instance-link").symlink_to(f"instance-{held.instance_id}")
    assert not InstanceLock(tmp_path).is_alive("link")
    held.release()


@pytest.mark.parametrize("opener", [json_runs, sqlite_runs])
async def test_who_cannot_be_looked_at_is_not_taken_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opener: OpenRunStore
) -> None:
    open_file = os.open

    def out_of_descriptors(path: Any, *arguments: Any, **named: Any) -> int:  # Any: as os.open's
        if "instance-" in str(path):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return open_file(path, *arguments, **named)

    async with opener(tmp_path) as theirs, opener(tmp_path) as ours:
        await theirs.claim(run(1))
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", out_of_descriptors)
            with pytest.raises(StorageFailed):
                await ours.claim(run(2))
            with pytest.raises(StorageFailed):
                await ours.abandoned()
        with pytest.raises(SessionBusy):
            await ours.claim(run(2))
        assert list(await ours.list_runs(run(1).session_id)) == [run(1)]
