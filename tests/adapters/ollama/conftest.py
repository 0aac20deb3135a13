"""The adapter, on a server of the tests' own."""

from collections.abc import AsyncIterator

import pytest

from adapters.ollama.client import OllamaClient
from adapters.ollama.language_model import OllamaLanguageModel
from adapters.ollama.model_catalog import OllamaModelCatalog
from tests.doubles.ollama_server.server import OllamaServer
from tests.fakes.id_source import CountingIds


@pytest.fixture
async def client(ollama_server: OllamaServer) -> AsyncIterator[OllamaClient]:
    client = OllamaClient(host=ollama_server.url, timeout=5)
    yield client
    await client.aclose()


@pytest.fixture
def model(client: OllamaClient) -> OllamaLanguageModel:
    return OllamaLanguageModel(client=client, ids=CountingIds())


@pytest.fixture
def catalog(client: OllamaClient) -> OllamaModelCatalog:
    return OllamaModelCatalog(client=client)
