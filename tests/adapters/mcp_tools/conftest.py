"""The adapter, on servers that are real processes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.mcp_tools.bench import Bench, Notes, taking_notes


@pytest.fixture
async def bench(tmp_path: Path, notes: Notes) -> AsyncIterator[Bench]:
    del notes  # It takes them for as long as there are servers.
    bench = Bench(tmp_path)
    yield bench
    for toolbox in bench.toolboxes:
        await toolbox.aclose()


@pytest.fixture
async def notes() -> AsyncIterator[Notes]:
    async with taking_notes() as notes:
        yield notes
