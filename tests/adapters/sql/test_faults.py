"""Databases that fail, go away and come back."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.engine import make_url

from adapters.sql.database import Database
from adapters.sql.postgres import PostgresDatabase
from adapters.sql.run_store import SqlRunStore
from adapters.sql.session_store import SqlSessionStore
from adapters.sql.sqlite import SqliteDatabase
from domain.errors import StorageFailed
from tests.contracts.samples import after, session, user
from tests.contracts.test_run_store import run
from tests.databases import opened, postgres_database, postgres_url, run_at, server, sqlite_database, sqlite_file

ID = session(1).session_id
CLOSE_ALL = (
    "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
"""It waits until they are closed, for as many milliseconds. Asked alone, a busy server closes them in mid-call."""


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_table_that_is_missing_is_a_storage_failure_of_every_call(database: Database) -> None:
    sessions, runs = SqlSessionStore(database, "chats"), SqlRunStore(database)
    await database.write(lambda connection: connection.execute(text("ALTER TABLE mochi_messages RENAME TO m")))
    await database.write(lambda connection: connection.execute(text("ALTER TABLE mochi_sessions RENAME TO s")))
    await database.write(lambda connection: connection.execute(text("ALTER TABLE mochi_runs RENAME TO r")))
    for call in (
        sessions.create(session(1)),
        sessions.load(ID),
        sessions.append(ID, [user(1)], after(1)),
        sessions.update(ID, lambda found: found),
        sessions.delete(ID),
        sessions.list_sessions(words=["a"], limit=3),
        runs.claim(run(1)),
        runs.update(run(1)),
        runs.list_runs(ID),
        runs.abandoned(),
        runs.forget(ID),
    ):
        with pytest.raises(StorageFailed) as caught:
            await call
        assert "mochi_" not in caught.value.message
    for changed, table in (("m", "mochi_messages"), ("s", "mochi_sessions"), ("r", "mochi_runs")):
        statement = text(f"ALTER TABLE {changed} RENAME TO {table}")
        await database.write(lambda connection, statement=statement: connection.execute(statement))  # type: ignore[misc] # mypy cannot infer a lambda with a default
    assert await sessions.create(session(1))


async def test_connections_that_the_server_closed_are_replaced_unnoticed(tmp_path: Path) -> None:
    async with postgres_database(tmp_path) as database:
        sessions, runs = SqlSessionStore(database, "chats"), SqlRunStore(database)
        await sessions.create(session(1))
        await runs.claim(run(1))
        await run_at(await postgres_url(tmp_path), CLOSE_ALL)
        for number in range(10):
            await asyncio.sleep(0.02)  # The news of the closing has to come over the connection first.
            await sessions.append(ID, [user(number)], after(number))
        assert (await sessions.load(ID)).message_count == 10


async def test_a_server_that_lost_its_lock_takes_it_again(tmp_path: Path) -> None:
    async with postgres_database(tmp_path) as database, postgres_database(tmp_path) as other:
        await SqlRunStore(database).claim(run(1))
        await run_at(await postgres_url(tmp_path), CLOSE_ALL)
        async with asyncio.timeout(20):
            while True:
                try:
                    if not await SqlRunStore(other).abandoned():
                        await SqlRunStore(database).claim(run(2, session_id="00000000bb"))
                        break
                except StorageFailed:
                    pass
                await asyncio.sleep(0.01)


async def test_calls_while_the_database_is_gone_fail_and_later_ones_do_not(tmp_path: Path) -> None:
    url = await postgres_url(tmp_path)
    async with postgres_database(tmp_path) as database:
        sessions = SqlSessionStore(database, "chats")
        await sessions.create(session(1))
        name = f'"{url.database}"'
        await run_at(server(), f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await run_at_other_database_closing(url.database or "")
        await asyncio.sleep(0.05)
        with pytest.raises(StorageFailed):
            await sessions.append(ID, [user(1)], after(1))
        await run_at(server(), f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await sessions.append(ID, [user(1)], after(1))
        assert (await sessions.load(ID)).message_count == 1


async def run_at_other_database_closing(name: str) -> None:
    await run_at(
        server(),
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608 - our own name
    )


@pytest.mark.parametrize("address", ["postgresql+asyncpg://127.0.0.1:1/x", "postgresql+asyncpg://nowhere.invalid/x"])
async def test_a_server_that_is_not_there_is_a_storage_failure(address: str) -> None:
    database = PostgresDatabase(make_url(address))
    for attempt in (database.open, database.upgrade):
        with pytest.raises(StorageFailed, match="cannot be reached"):
            await attempt()
    await database.aclose()


async def test_a_database_of_an_unknown_name_is_named_as_the_reason() -> None:
    database = PostgresDatabase(server().set(database="mochi_test_nowhere"))
    with pytest.raises(StorageFailed, match="no database of that name"):
        await database.open()
    await database.aclose()


async def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    sqlite_file(tmp_path).write_bytes(b"no database " * 1000)
    database = SqliteDatabase(sqlite_file(tmp_path))
    with pytest.raises(StorageFailed, match="its file is no database"):
        await database.open()
    await database.aclose()
    assert sqlite_file(tmp_path).read_bytes().startswith(b"no database")


async def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    database = SqliteDatabase(tmp_path / "file" / "mochi.db")
    with pytest.raises(StorageFailed):
        await database.open()
    await database.aclose()


async def test_a_full_disk_fails_the_write_and_nothing_has_changed(tmp_path: Path) -> None:
    async with sqlite_database(tmp_path) as database:
        store = SqlSessionStore(database, "chats")
        await store.create(session(1, user(1)))
        await database.write(lambda connection: connection.execute(text("PRAGMA max_page_count = 1")))
        with pytest.raises(StorageFailed, match="the disk is full"):
            await store.append(ID, [user(2, "x" * 1_000_000)], after(2))
        assert (await store.load(ID)).message_count == 1
        await database.write(lambda connection: connection.execute(text("PRAGMA max_page_count = 1000000")))
        await store.append(ID, [user(2, "x" * 1_000_000)], after(2))
        assert (await store.load(ID)).message_count == 2


@pytest.mark.parametrize("is_keyed", [True, False], ids=["outliving power", "not outliving power"])
async def test_a_connection_that_could_only_read_is_replaced(tmp_path: Path, is_keyed: bool) -> None:
    """SQLite opens a file for reading where the disk, failing for a moment, lets it do no more."""
    key = {"idempotency_key": "key", "request_digest": "00ff"} if is_keyed else {}
    async with sqlite_database(tmp_path):  # Makes the tables, and keeps the log in use.
        with only_reading(sqlite_file(tmp_path)):
            database = SqliteDatabase(sqlite_file(tmp_path))
            await database.open()
            store = SqlRunStore(database)
            with pytest.raises(StorageFailed, match="it may not be written to"):
                await store.claim(replace(run(1), **key))  # type: ignore[arg-type] # mypy cannot tell the keys apart
        await store.claim(replace(run(1), **key))  # type: ignore[arg-type] # as above
        assert len(await store.list_runs(run(1).session_id)) == 1
        await database.aclose()


@contextmanager
def only_reading(file: Path) -> Iterator[None]:
    def connect(*_: object) -> sqlite3.Connection:
        return sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, check_same_thread=False)

    event.listen(Engine, "do_connect", connect)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", connect)


async def test_sqlites_file_is_kept_as_the_documents_say(tmp_path: Path) -> None:
    async with sqlite_database(tmp_path) as database:
        pragmas = {
            name: await database.write(lambda connection, name=name: connection.scalar(text(f"PRAGMA {name}")))  # type: ignore[misc] # mypy cannot infer a lambda with a default
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
        assert len(names_in(tmp_path / "mochi.db-servers")) == 1
    assert names_in(tmp_path) == ["mochi.db", "mochi.db-servers"]
    assert names_in(tmp_path / "mochi.db-servers") == []
    other = sqlite3.connect(sqlite_file(tmp_path))
    assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    other.close()


async def test_a_writer_of_another_program_is_waited_for(tmp_path: Path) -> None:
    async with opened(SqliteDatabase(sqlite_file(tmp_path))) as database:
        store = SqlSessionStore(database, "chats")
        other = sqlite3.connect(sqlite_file(tmp_path), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        creating = asyncio.create_task(store.create(session(1)))
        assert (await store.list_sessions()).sessions == []
        assert not creating.done()
        other.execute("COMMIT")
        other.close()
        assert await creating
