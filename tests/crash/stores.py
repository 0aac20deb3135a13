"""Every store that outlives its process, opened as a server opens it: its sessions and runs over one connection."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

from adapters.sql.run_store import SqlRunStore
from adapters.sql.session_store import SqlSessionStore
from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from tests.contracts.stores import json_runs, json_sessions
from tests.databases import postgres_database, sqlite_database

KINDS: Final = ("json", "sqlite", "postgresql")


def opened(kind: str, folder: Path) -> AbstractAsyncContextManager[tuple[SessionStore, RunStore]]:
    return _files(folder) if kind == "json" else _database(kind, folder)


@asynccontextmanager
async def _files(folder: Path) -> AsyncIterator[tuple[SessionStore, RunStore]]:
    async with json_sessions(folder) as sessions, json_runs(folder) as runs:
        yield sessions, runs


@asynccontextmanager
async def _database(kind: str, folder: Path) -> AsyncIterator[tuple[SessionStore, RunStore]]:
    async with {"sqlite": sqlite_database, "postgresql": postgres_database}[kind](folder) as database:
        yield SqlSessionStore(database, "chats"), SqlRunStore(database)
