"""`mochi-server storage upgrade`, and servers over databases, as processes."""

import asyncio
import signal
import sqlite3
from functools import partial
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from adapters.sql import schema
from tests.adapters.sql.test_schema import WAITING
from tests.databases import postgres_url
from tests.wiring import test_cli
from tests.wiring.test_cli import PATIENCE, line_with

SQL = {"MOCHI_STORAGE": "sql"}
DEMO = {"MOCHI_LLM": "demo", "MOCHI_PORT": "0"}

started = partial(test_cli.started, program=())
result_of = partial(test_cli.result_of, program=())


def address(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


async def test_postgresql_is_refused_until_it_is_upgraded(tmp_path: Path) -> None:
    url = await postgres_url(tmp_path, has_tables=False)
    settings = {**SQL, **DEMO, "MOCHI_DATABASE_URL": address(url)}

    code, _, errors = await result_of(tmp_path, **settings)
    assert code == 1
    assert "`mochi-server storage upgrade` with MOCHI_STORAGE=sql" in errors.splitlines()[-1]

    assert await result_of(tmp_path, "storage", "upgrade", **settings) == (0, "The database was upgraded.\n", "")
    again = await result_of(tmp_path, "storage", "upgrade", "--storage", "sql", MOCHI_DATABASE_URL=address(url))
    assert again == (0, "The database is current already.\n", "")

    async with started(tmp_path, **settings) as server:
        await line_with(server, "http://127.0.0.1:")
        server.send_signal(signal.SIGTERM)
        assert await server.wait() == 0


async def test_an_upgrade_that_waits_is_stopped_by_ctrl_c(tmp_path: Path) -> None:
    """As it does while another one is at the same database."""
    url = await postgres_url(tmp_path, has_tables=False)
    settings = {**SQL, "MOCHI_DATABASE_URL": address(url)}
    engine = create_async_engine(url)
    async with engine.connect() as other:
        await other.execute(text(f"SELECT pg_advisory_xact_lock({schema._UPGRADING})"))
        async with started(tmp_path, "storage", "upgrade", **settings) as upgrade:
            await one_waits_for_a_lock(other)
            upgrade.send_signal(signal.SIGINT)
            output, errors = await asyncio.wait_for(upgrade.communicate(), PATIENCE)
    await engine.dispose()
    assert (upgrade.returncode, output.decode()) == (130, "")
    assert errors.decode() == "mochi-server storage: stopped; the same command goes on from here\n"
    assert await result_of(tmp_path, "storage", "upgrade", **settings) == (0, "The database was upgraded.\n", "")


async def one_waits_for_a_lock(other: AsyncConnection) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await other.scalar(WAITING):  # noqa: ASYNC110 - no event comes of other processes
            await asyncio.sleep(0.02)


async def test_sqlite_is_upgraded_at_the_start(tmp_path: Path) -> None:
    async with started(tmp_path, **SQL, **DEMO) as server:
        await line_with(server, "http://127.0.0.1:")
        server.send_signal(signal.SIGTERM)
        assert await server.wait() == 0
    assert await result_of(tmp_path, "storage", "upgrade", **SQL) == (0, "The database is current already.\n", "")


async def test_tables_of_a_newer_program_end_the_start_in_one_line(tmp_path: Path) -> None:
    assert (await result_of(tmp_path, "storage", "upgrade", **SQL))[0] == 0
    connection = sqlite3.connect(tmp_path / "mochi.db")
    connection.execute("UPDATE mochi_schema_version SET version_num = '9999'")
    connection.commit()
    connection.close()

    for command in ((), ("storage", "upgrade")):
        code, output, errors = await result_of(tmp_path, *command, **SQL, **DEMO)
        assert (code, output) == (1, "")
        assert len(errors.splitlines()) == 1
        assert "Update the program" in errors


async def test_files_have_no_tables(tmp_path: Path) -> None:
    code, output, errors = await result_of(tmp_path, "storage", "upgrade")
    assert (code, errors) == (0, "")
    assert "nothing to upgrade" in output


async def test_an_address_without_the_storage_that_it_is_for_is_no_success(tmp_path: Path) -> None:
    code, output, errors = await result_of(tmp_path, "storage", "upgrade", MOCHI_DATABASE_URL="postgresql://db/mochi")
    assert (code, output) == (1, "")
    assert "Is MOCHI_STORAGE=sql meant?" in errors


async def test_what_storage_is_to_do_has_to_be_said(tmp_path: Path) -> None:
    for wrong in ((), ("downgrade",), ("upgrade", "--port", "1")):
        code, output, errors = await result_of(tmp_path, "storage", *wrong)
        assert (code, output) == (2, "")
        assert len(errors.splitlines()) == 1
