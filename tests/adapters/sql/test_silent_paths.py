"""Paths to PostgreSQL that forget a connection without telling either end."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.util import await_only

from adapters.sql import postgres_engine, postgres_lock
from adapters.sql.database import Database
from adapters.sql.postgres import PostgresDatabase
from adapters.sql.run_store import SqlRunStore
from domain.errors import StorageFailed
from tests.adapters.sql.silent_path import SilentPath
from tests.contracts.test_run_store import run
from tests.databases import opened, postgres_url

LIMIT_SECONDS = 60
HOLDERS = (
    "FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
async def url(tmp_path: Path) -> URL:
    return await postgres_url(tmp_path)


@pytest.fixture
async def path(url: URL) -> AsyncIterator[SilentPath]:
    path = SilentPath(url)
    async with path.opened():
        yield path


@pytest.fixture
async def other(url: URL) -> AsyncIterator[PostgresDatabase]:
    """One that is not open, and so has no lock."""
    database = PostgresDatabase(url)
    yield database
    await database.aclose()


def ask(connection: Connection) -> object:
    return connection.scalar(text("SELECT 1"))


async def open_connections(database: Database, count: int) -> None:
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


async def holders(database: Database) -> set[int]:
    """The server's processes that have a lock."""
    found = await database.read(lambda connection: connection.execute(text(f"SELECT pid {HOLDERS}")).scalars().all())
    return set(found)


async def end(database: Database, holder: int) -> None:
    """As a server does that has waited long enough for the other end of its connection."""
    await database.look(lambda connection: connection.scalar(text(f"SELECT pg_terminate_backend({holder}, 20000)")))


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            if await is_so():
                return
            await asyncio.sleep(0.02)


async def test_a_lock_that_the_server_alone_knows_to_be_lost_is_taken_again(
    path: SilentPath, other: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_lock, "_LOOK_SECONDS", 3600)

    async def is_held() -> bool:
        return bool(await holders(other))

    async with opened(PostgresDatabase(path.url)) as database:
        path.passages[-1].forget()  # The lock's is the last that is opened.
        [holder] = await holders(other)
        await end(other, holder)
        store = SqlRunStore(database)
        with pytest.raises(StorageFailed, match="Try again"):
            await store.claim(run(1))
        await until(is_held)
        await store.claim(run(1))
        assert await SqlRunStore(other).abandoned() == []


async def test_a_lock_whose_connection_is_silent_is_held_by_another_before_it_is_lost(
    path: SilentPath, other: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_lock, "_LOOK_SECONDS", 0.1)
    monkeypatch.setattr(postgres_lock, "_ANSWER_SECONDS", 2)

    async def is_held_by_two() -> bool:
        return len(await holders(other)) > 1

    async with opened(PostgresDatabase(path.url)) as database:
        path.passages[-1].forget()
        [silent] = await holders(other)
        await SqlRunStore(database).claim(run(1))
        await until(is_held_by_two)
        await end(other, silent)
        assert await SqlRunStore(other).abandoned() == []
        await SqlRunStore(database).claim(run(2, session_id="00000000bb"))


async def test_a_connection_that_answers_keeps_the_lock(
    path: SilentPath, other: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_lock, "_LOOK_SECONDS", 0.01)
    async with opened(PostgresDatabase(path.url)):
        lock = path.passages[-1]
        before, heard = await holders(other), lock.heard

        async def was_asked_again() -> bool:
            return lock.heard > heard + 5

        await until(was_asked_again)
        assert await holders(other) == before
