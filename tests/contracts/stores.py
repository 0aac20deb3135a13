"""Every adapter of the stores' ports, opened empty: a new one is one more entry here."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from adapters.json_files.prompt_store import FilePromptStore
from adapters.json_files.run_store import JsonRunStore
from adapters.json_files.session_store import JsonSessionStore
from adapters.memory.prompt_store import MemoryPromptStore
from adapters.memory.run_store import MemoryRunStore
from adapters.memory.session_store import MemorySessionStore
from adapters.sql.run_store import SqlRunStore
from adapters.sql.session_store import SqlSessionStore
from application.ports.prompt_store import PromptStore
from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from tests.databases import postgres_database, sqlite_database

OpenSessionStore: TypeAlias = Callable[[Path], AbstractAsyncContextManager[SessionStore]]
OpenRunStore: TypeAlias = Callable[[Path], AbstractAsyncContextManager[RunStore]]
OpenPromptStore: TypeAlias = Callable[[Path], AbstractAsyncContextManager[PromptStore]]


@asynccontextmanager
async def memory_sessions(_folder: Path) -> AsyncIterator[SessionStore]:
    yield MemorySessionStore()


@asynccontextmanager
async def json_sessions(folder: Path) -> AsyncIterator[SessionStore]:
    store = JsonSessionStore(folder)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


@asynccontextmanager
async def memory_runs(_folder: Path) -> AsyncIterator[RunStore]:
    yield MemoryRunStore()


@asynccontextmanager
async def json_runs(folder: Path) -> AsyncIterator[RunStore]:
    store = JsonRunStore(folder)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


@asynccontextmanager
async def memory_prompts(_folder: Path) -> AsyncIterator[PromptStore]:
    yield MemoryPromptStore()


@asynccontextmanager
async def file_prompts(folder: Path) -> AsyncIterator[PromptStore]:
    store = FilePromptStore(folder)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


@asynccontextmanager
async def sqlite_sessions(folder: Path) -> AsyncIterator[SessionStore]:
    async with sqlite_database(folder) as database:
        yield SqlSessionStore(database, "chats")


@asynccontextmanager
async def sqlite_runs(folder: Path) -> AsyncIterator[RunStore]:
    async with sqlite_database(folder) as database:
        yield SqlRunStore(database)


@asynccontextmanager
async def postgres_sessions(folder: Path) -> AsyncIterator[SessionStore]:
    async with postgres_database(folder) as database:
        yield SqlSessionStore(database, "chats")


@asynccontextmanager
async def postgres_runs(folder: Path) -> AsyncIterator[RunStore]:
    async with postgres_database(folder) as database:
        yield SqlRunStore(database)


DURABLE_SESSION_STORES: dict[str, OpenSessionStore] = {
    "json": json_sessions,
    "sqlite": sqlite_sessions,
    "postgresql": postgres_sessions,
}
"""Those that can be opened again over what they kept, by another process too."""
SESSION_STORES: dict[str, OpenSessionStore] = {"memory": memory_sessions, **DURABLE_SESSION_STORES}

DURABLE_RUN_STORES: dict[str, OpenRunStore] = {"json": json_runs, "sqlite": sqlite_runs, "postgresql": postgres_runs}
RUN_STORES: dict[str, OpenRunStore] = {"memory": memory_runs, **DURABLE_RUN_STORES}

DURABLE_PROMPT_STORES: dict[str, OpenPromptStore] = {"json": file_prompts}
PROMPT_STORES: dict[str, OpenPromptStore] = {"memory": memory_prompts, **DURABLE_PROMPT_STORES}
