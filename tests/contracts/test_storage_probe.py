"""A store's probe writes, and leaves nothing behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import select, text

from adapters.json_files.session_store import JsonSessionStore
from adapters.json_files.storage_probe import JsonStorageProbe
from adapters.memory.storage_probe import MemoryStorageProbe
from adapters.sql.database import Database
from adapters.sql.run_rows import RUNS
from adapters.sql.storage_probe import SqlStorageProbe
from application.ports.storage_probe import StorageProbe
from domain.errors import StorageFailed
from tests.databases import postgres_database, sqlite_database

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


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[StorageProbe]:
    async with sqlite_database(folder) as database:
        yield SqlStorageProbe(database)


@asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[StorageProbe]:
    async with postgres_database(folder) as database:
        yield SqlStorageProbe(database)


PROBES: dict[str, OpenProbe] = {"memory": memory, "json": json, "sqlite": sqlite, "postgresql": postgres}


@pytest.fixture(params=PROBES)
async def probe(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StorageProbe]:
    async with PROBES[request.param](tmp_path) as probe:
        yield probe


def kept_in(folder: Path) -> dict[Path, int]:
    """The folder and all that is in it, with the times of their last change, but for the folder of what is temporary.

    With the time of the folder another would change: every list of sessions would then be made anew.
    """
    found = (path for path in (folder, *folder.rglob("*")) if path.name != ".tmp" and ".db" not in path.name)
    return {path: path.stat().st_mtime_ns for path in found}


async def test_what_is_kept_is_as_before(probe: StorageProbe, tmp_path: Path) -> None:
    before = kept_in(tmp_path)

    await probe.try_writing()
    await probe.try_writing()

    assert kept_in(tmp_path) == before


@pytest.mark.parametrize("open_database", [sqlite_database, postgres_database])
async def test_a_database_holds_nothing_of_it(
    open_database: Callable[[Path], AbstractAsyncContextManager[Database]], tmp_path: Path
) -> None:
    async with open_database(tmp_path) as database:
        probe = SqlStorageProbe(database)
        await asyncio.gather(*(probe.try_writing() for _ in range(3)))
        rows = await database.read(lambda connection: connection.execute(select(RUNS)).all())

    assert rows == []


async def test_a_database_that_takes_no_writes_is_told_of(tmp_path: Path) -> None:
    async with sqlite_database(tmp_path) as database:
        await database.write(lambda connection: connection.execute(text("DROP TABLE mochi_runs")))
        with pytest.raises(StorageFailed):
            await SqlStorageProbe(database).try_writing()
