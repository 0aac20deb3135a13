"""Servers for tests to talk to."""

from collections.abc import AsyncIterator

import pytest

from tests.doubles.ollama_server.server import OllamaServer


@pytest.fixture
async def ollama_server() -> AsyncIterator[OllamaServer]:
    """An Ollama of the newest version that was recorded, on a port of its own."""
    async with OllamaServer() as server:
        yield server
