"""A store's probe writes, and leaves nothing behind."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from adapters.json_files.session_store import JsonSessionStore
from adapters.json_files.storage_probe import JsonStorageProbe
from adapters.memory.storage_probe import MemoryStorageProbe
from application.ports.storage_probe import StorageProbe

OpenProbe: TypeAlias = Callable[[Path], AbstractAsyncContextManager[StorageProbe]]


@asynccontextmanager
async def memory(_folder: Path) -> AsyncIterator[StorageProbe]:
    yield MemoryStorageProbe()


@asynccontextmanager
async def json(folder: Path) -> AsyncIterator[StorageProbe]:
    store, probe = JsonSessionStore(folder), JsonStorageProbe(folder)
    await store.open()
    await probe.open()
    try:
        yield probe
    finally:
        await probe.aclose()
        await store.aclose()


PROBES: dict[str, OpenProbe] = {"memory": memory, "json": json}


@pytest.fixture(params=PROBES)
async def probe(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StorageProbe]:
    async with PROBES[request.param](tmp_path) as probe:
        yield probe


def kept_in(folder: Path) -> dict[Path, int]:
    """The folder and all that is in it, with the times of their last change, but for the folder of what is temporary.

    With the time of the folder another would change: every list of sessions would then be made anew.
    """
    return {path: path.stat().st_mtime_ns for path in (folder, *folder.rglob("*")) if path.name != ".tmp"}


async def test_what_is_kept_is_as_before(probe: StorageProbe, tmp_path: Path) -> None:
    before = kept_in(tmp_path)

    await probe.try_writing()
    await probe.try_writing()

    assert kept_in(tmp_path) == before
