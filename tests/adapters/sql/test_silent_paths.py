"""Paths to PostgreSQL that forget a connection without telling either end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.util import await_only

from adapters.sql import postgres_engine
from adapters.sql.postgres import PostgresDatabase
from domain.errors import StorageFailed
from tests.adapters.sql.silent_path import SilentPath
from tests.databases import opened, postgres_url


@pytest.fixture
async def url(tmp_path: Path) -> URL:
    return await postgres_url(tmp_path)


@pytest.fixture
async def path(url: URL) -> AsyncIterator[SilentPath]:
    path = SilentPath(url)
    async with path.opened():
        yield path


def ask(connection: Connection) -> object:
    return connection.scalar(text("SELECT 1"))


async def open_connections(database: PostgresDatabase, count: int) -> None:
    """Have as many in the pool: each is in use until all are."""
    all_there = asyncio.Barrier(count)

    def meet(connection: Connection) -> None:
        ask(connection)
        await_only(all_there.wait())

    await asyncio.gather(*(database.write(meet) for _ in range(count)))


async def test_where_one_connection_is_silent_the_others_at_rest_are_replaced(
    path: SilentPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_engine, "_LONGEST_ANSWER_SECONDS", 3)
    async with opened(PostgresDatabase(path.url)) as database:
        await open_connections(database, 3)
        path.forget_all()
        with pytest.raises(StorageFailed, match="did not answer in time"):
            await database.read(ask)
        assert [await database.read(ask) for _ in range(3)] == [1, 1, 1]
