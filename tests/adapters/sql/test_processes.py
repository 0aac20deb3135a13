"""Several processes that share a database."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.sql.choice import database_at
from adapters.sql.database import Database
from adapters.sql.run_store import SqlRunStore
from adapters.sql.session_store import SqlSessionStore
from domain.errors import SessionBusy
from tests.contracts.samples import after, session, user
from tests.contracts.test_run_store import partial, run
from tests.databases import opened, postgres_url, sqlite_file

ROOT = Path(__file__).parents[3]
ID = session(1).session_id
START = """
import asyncio, sys
from adapters.sql.choice import database_at
from adapters.sql.run_store import SqlRunStore
from adapters.sql.session_store import SqlSessionStore
from tests.contracts.samples import after, user
from tests.contracts.test_run_store import partial, run

async def main(url, first):
    database = database_at(url)
    await database.open()
    sessions, runs = SqlSessionStore(database, "chats"), SqlRunStore(database)
    await work(sessions, runs, int(first))
    await database.aclose()
"""
APPENDING = """
async def work(sessions, runs, first):
    for number in range(first, first + 60):
        await sessions.append("0000000001", [user(number)], after(number))

asyncio.run(main(*sys.argv[1:]))
"""
APPENDING_FOR_EVER = """
async def work(sessions, runs, first):
    for number in range(first, first + 1_000_000):
        await sessions.append("0000000001", [user(number), user(number)], after(number))
        print(number, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""
HOLDING = """
async def work(sessions, runs, first):
    await runs.claim(run(1))
    await runs.flush([partial(run(1), "so far")])
    print("claimed", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
async def url(kind: str, tmp_path: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{sqlite_file(tmp_path)}"
    return (await postgres_url(tmp_path)).render_as_string(hide_password=False)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with opened(database_at(url)) as made:
        yield made


@asynccontextmanager
async def started(program: str, url: str, first: int = 0) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        START + program,
        url,
        str(first),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_processes_append_to_one_session_and_nothing_is_lost(database: Database, url: str) -> None:
    store = SqlSessionStore(database, "chats")
    await store.create(session(1))
    async with started(APPENDING, url, 0) as one, started(APPENDING, url, 1000) as other:
        for number in range(2000, 2060):
            await store.append(ID, [user(number)], after(number))
        assert [await one.wait(), await other.wait()] == [0, 0]
    loaded = await store.load(ID)
    expected = {f"{number:010x}" for first in (0, 1000, 2000) for number in range(first, first + 60)}
    assert {message.message_id for message in loaded.messages} == expected
    assert loaded.message_count == 180


async def test_a_run_is_abandoned_when_its_process_is_killed_and_not_before(database: Database, url: str) -> None:
    store = SqlRunStore(database)
    async with started(HOLDING, url) as holder:
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"claimed\n"
        assert list(await store.abandoned()) == []
        with pytest.raises(SessionBusy):
            await store.claim(run(2))
        holder.kill()
        await holder.wait()
        async with asyncio.timeout(20):
            while True:  # PostgreSQL hears of it when its connection ends.
                if left := await store.abandoned():
                    break
                await asyncio.sleep(0.01)
    assert [(each.run, each.partial) for each in left] == [(run(1), partial(run(1), "so far"))]
    await store.claim(run(2))


async def test_killed_writers_leave_whole_turns_and_all_that_they_were_told_is_kept(
    database: Database, url: str
) -> None:
    store = SqlSessionStore(database, "chats")
    await store.create(session(1))
    acknowledged = 0
    for kill in range(8):
        async with started(APPENDING_FOR_EVER, url, kill * 1_000_000) as writer:
            assert writer.stdout is not None
            for _ in range(1 + 3 * kill):
                await writer.stdout.readline()
                acknowledged += 1
            writer.kill()
            rest = await writer.stdout.read()
            acknowledged += rest.count(b"\n")
        loaded = await store.load(ID)
        assert loaded.message_count % 2 == 0
        assert loaded.message_count // 2 >= acknowledged
        acknowledged = loaded.message_count // 2


async def test_processes_that_start_at_once_make_the_tables_once(tmp_path: Path) -> None:
    url = f"sqlite:///{sqlite_file(tmp_path)}"
    async with started(APPENDING, url) as one, started(APPENDING, url) as other:
        await asyncio.gather(one.wait(), other.wait())
    async with opened(database_at(url)) as database:  # Neither found the session; both found the tables.
        assert await SqlSessionStore(database, "chats").create(session(1))
    assert list(sqlite_file(tmp_path).with_name("mochi.db-servers").iterdir()) == []
