"""A folder that takes no files is told of."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from adapters.json_files.storage_probe import JsonStorageProbe
from domain.errors import StorageFailed


async def test_a_folder_that_is_gone_is_told_of_without_its_path(tmp_path: Path) -> None:
    probe = JsonStorageProbe(tmp_path / "sessions")
    with pytest.raises(StorageFailed) as raised:
        await probe.try_writing()
    await probe.aclose()

    assert os.strerror(errno.ENOENT) in raised.value.message
    assert str(tmp_path) not in raised.value.message


async def test_a_full_disk_is_told_of_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / ".tmp").mkdir()
    probe = JsonStorageProbe(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFailed, match="No space left"):
        await probe.try_writing()
    await probe.aclose()

    assert list((tmp_path / ".tmp").iterdir()) == []


async def test_it_is_seen_when_the_folder_is_there_again(tmp_path: Path) -> None:
    scratch = tmp_path / ".tmp"
    scratch.mkdir()
    probe = JsonStorageProbe(tmp_path)
    shutil.rmtree(scratch)
    with pytest.raises(StorageFailed):
        await probe.try_writing()
    scratch.mkdir()

    await probe.try_writing()
    await probe.aclose()
