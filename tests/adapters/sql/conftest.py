"""Each test over both databases."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from adapters.sql.database import Database
from tests.databases import postgres_database, sqlite_database

OPENERS: dict[str, Callable[[Path], AbstractAsyncContextManager[Database]]] = {
    "sqlite": sqlite_database,
    "postgresql": postgres_database,
}


@pytest.fixture(params=OPENERS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def database(kind: str, tmp_path: Path) -> AsyncIterator[Database]:
    async with OPENERS[kind](tmp_path) as opened:
        yield opened
