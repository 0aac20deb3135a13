"""Paths to PostgreSQL that forget a connection without telling either end."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

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


async def test_both_ends_ask_whether_the_other_is_still_there(path: SilentPath) -> None:
    asked = text("SELECT name FROM pg_settings WHERE name LIKE 'tcp_keepalives%' AND source = 'client'")

    def ends(connection: Connection) -> tuple[list[int], set[str]]:
        driver: Any = connection.connection.driver_connection
        peer = driver._transport.get_extra_info("socket")
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        ours = [peer.getsockopt(socket.IPPROTO_TCP, option) for option in options]
        ours.append(peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
        return ours, set(connection.execute(asked).scalars())

    async with opened(PostgresDatabase(path.url)) as database:
        ours, of_server = await database.read(ends)
    assert ours == [60, 15, 4, 1]
    assert of_server == {"tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count"}
