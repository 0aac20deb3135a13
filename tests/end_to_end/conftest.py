"""A server over session files and an Ollama, and a client of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api
from tests.end_to_end.servers import served
from tests.end_to_end.stores import STORES, Kept, kept_in


@pytest.fixture
async def api(tmp_path: Path, ollama_server: OllamaServer) -> AsyncIterator[Api]:
    async with served(tmp_path, ollama_server.url) as api:
        yield api


@pytest.fixture(params=STORES)
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """For tests that every store has to pass: its settings are to be given to each server."""
    return await kept_in(request.param, tmp_path)
