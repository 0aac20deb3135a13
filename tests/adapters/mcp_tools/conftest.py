"""The adapter, on servers that are real processes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.mcp_tools.bench import Bench, Notes, taking_notes


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
