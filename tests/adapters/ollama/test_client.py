"""Where the client goes."""

import pytest

from adapters.ollama.client import OllamaClient
from adapters.ollama.language_model import OllamaLanguageModel
from tests.adapters.ollama.asking import read
from tests.doubles.ollama_server.server import OllamaServer
from tests.fakes.id_source import CountingIds


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("http://localhost:11434", "http://localhost:11434"),
        ("http://localhost:11434/", "http://localhost:11434"),
        ("localhost", "http://localhost:11434"),
        (" 127.0.0.1 ", "http://127.0.0.1:11434"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        (":8080", "http://127.0.0.1:8080"),
        ("https://ollama.example", "https://ollama.example"),
        ("https://ollama.example:8443/behind/a/proxy/", "https://ollama.example:8443/behind/a/proxy"),
        ("http://ollama.example", "http://ollama.example"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("http://user:secret@ollama.example:1", "http://ollama.example:1"),
    ],
)
async def test_every_form_of_an_address(host: str, address: str) -> None:
    client = OllamaClient(host=host, timeout=1)

    assert client.address == address
    await client.aclose()


@pytest.mark.parametrize("host", ["localhost:port", "http://[::1", "localhost:99999"])
def test_what_is_no_address(host: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        OllamaClient(host=host, timeout=1)


async def test_proxies_of_the_environment_are_left_alone(
    ollama_server: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    client = OllamaClient(host=ollama_server.url, timeout=5)

    assert (await read(OllamaLanguageModel(client=client, ids=CountingIds()))).error is None
    await client.aclose()
