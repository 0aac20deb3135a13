"""The tables and their versions."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, insert, text
from sqlalchemy.util import await_only

from adapters.sql import migrations, postgres_engine, schema
from adapters.sql.database import Database
from adapters.sql.postgres import PostgresDatabase
from adapters.sql.row import Row
from adapters.sql.run_rows import RUNS, RunRow, text_of
from adapters.sql.run_store import SqlRunStore
from adapters.sql.session_rows import MESSAGES, SESSIONS
from adapters.sql.sqlite import SqliteDatabase
from adapters.sql.word_rows import WORDS
from domain.errors import StorageFailed
from tests.contracts.test_run_store import partial, run
from tests.databases import postgres_url, sqlite_file

WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
async def empty(kind: str, tmp_path: Path) -> AsyncIterator[Database]:
    """One without tables, not opened."""
    if kind == "sqlite":
        made: Database = SqliteDatabase(sqlite_file(tmp_path))
    else:
        made = PostgresDatabase(await postgres_url(tmp_path, has_tables=False))
    yield made
    await made.aclose()


async def set_version(database: Database, version: str) -> None:
    statement = text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{version}'")  # noqa: S608 - a test's own words
    await database.write(lambda connection: connection.execute(statement))


async def test_the_migrations_make_the_tables_that_the_program_uses(database: Database) -> None:
    known = {RUNS.name, SESSIONS.name, MESSAGES.name, WORDS.name}
    assert Row.metadata.tables.keys() == known

    def differences(connection: Connection) -> list[object]:
        options = {"version_table": schema.VERSION_TABLE, "compare_type": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Row.metadata))

    assert await database.read(differences) == []


def test_the_program_knows_all_migrations_without_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    steps = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(steps)) == schema.REVISIONS


async def test_an_upgrade_makes_the_tables_once(empty: Database) -> None:
    assert await empty.upgrade()
    assert not await empty.upgrade()
    await empty.open()


@contextmanager
def rows_updated() -> Iterator[list[int]]:
    """By each statement that changes runs meanwhile."""
    counts: list[int] = []

    def note(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        if statement.startswith(f"UPDATE {RUNS.name}"):
            counts.append(cursor.rowcount)

    event.listen(Engine, "after_cursor_execute", note)
    try:
        yield counts
    finally:
        event.remove(Engine, "after_cursor_execute", note)


async def test_what_a_run_had_written_stays_with_it(empty: Database) -> None:
    """Version 2 put it into the run's row, and left the others alone, which may be very many."""
    written = partial(run(1), "so far")

    def as_of_version_1(connection: Connection) -> None:
        schema.upgrade_to(connection, "0001")
        for number in range(1, 4):
            connection.execute(insert(RUNS).values(RunRow.of(run(number), "0" * 16)))
        connection.execute(
            text("INSERT INTO mochi_partial_answers (run_id, body) VALUES (:run_id, :body)"),
            {"run_id": run(1).run_id, "body": text_of(written)},
        )

    await empty.write(as_of_version_1)
    with rows_updated() as counts:
        assert await empty.upgrade()
    assert counts == [1]
    await empty.open()
    left = {each.run.run_id: each for each in await SqlRunStore(empty).abandoned()}
    assert (left[run(1).run_id].run, left[run(1).run_id].partial) == (run(1), written)
    assert [left[run(number).run_id].partial for number in (2, 3)] == [None, None]


async def test_upgrades_at_once_are_one(empty: Database) -> None:
    assert sorted(await asyncio.gather(*(empty.upgrade() for _ in range(4)))) == [False, False, False, True]


async def test_an_upgrade_of_postgresql_takes_as_long_as_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_engine, "_LONGEST_ANSWER_SECONDS", 2)
    database = PostgresDatabase(await postgres_url(tmp_path, has_tables=False))
    has_lock, may_go = asyncio.Event(), asyncio.Event()

    def hold_up(connection: Connection) -> None:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({schema._UPGRADING})"))
        has_lock.set()
        await_only(may_go.wait())

    holding = asyncio.create_task(database.write(hold_up))
    await has_lock.wait()
    upgrade = asyncio.create_task(database.upgrade())
    async with asyncio.timeout(60):
        while True:
            if await database.look(lambda connection: connection.scalar(WAITING)):
                break
            await asyncio.sleep(0.02)
    with pytest.raises(StorageFailed, match="did not answer in time"):
        await database.look(lambda connection: connection.execute(text("SELECT pg_sleep(60)")))
    assert not upgrade.done(), "it has waited longer than that"
    may_go.set()
    await holding
    assert await upgrade
    await database.aclose()


async def test_postgresql_without_tables_is_refused_with_the_command_to_run(tmp_path: Path) -> None:
    database = PostgresDatabase(await postgres_url(tmp_path, has_tables=False))
    with pytest.raises(StorageFailed, match="mochi-server storage upgrade"):
        await database.open()
    await database.aclose()


async def test_sqlites_file_is_upgraded_when_it_is_opened(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a folder" / "mochi.db")
    await database.open()
    assert not await database.upgrade()
    await database.aclose()


async def test_tables_of_a_newer_program_are_refused(empty: Database) -> None:
    await empty.upgrade()
    await set_version(empty, "9999")
    for attempt in (empty.open, empty.upgrade):
        with pytest.raises(StorageFailed, match="Update the program"):
            await attempt()


async def test_an_upgrade_that_fails_leaves_nothing_of_it(empty: Database) -> None:
    await empty.write(lambda connection: connection.execute(text("CREATE TABLE mochi_runs (mine INTEGER)")))
    with pytest.raises(StorageFailed):
        await empty.upgrade()
    await empty.write(lambda connection: connection.execute(text("DROP TABLE mochi_runs")))
    assert await empty.upgrade()
