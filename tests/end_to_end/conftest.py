"""A server over session files and an Ollama, and a client of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api
from tests.end_to_end.servers import served


@pytest.fixture
async def api(tmp_path: Path, ollama_server: OllamaServer) -> AsyncIterator[Api]:
    async with served(tmp_path, ollama_server.url) as api:
        yield api
