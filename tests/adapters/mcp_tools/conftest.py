"""The adapter, on servers that are real processes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.adapters.mcp_tools.bench import Bench, Notes, http_server, taking_notes


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for toolbox in bench.toolboxes:
        await toolbox.aclose()


@pytest.fixture
async def notes(tmp_path: Path) -> AsyncIterator[Notes]:
    async with taking_notes(tmp_path) as notes:
        yield notes


@pytest.fixture(scope="module")
def sse_port() -> Iterator[int]:
    with http_server("sse") as port:
        yield port


@pytest.fixture(scope="module")
def json_port() -> Iterator[int]:
    with http_server("json") as port:
        yield port
