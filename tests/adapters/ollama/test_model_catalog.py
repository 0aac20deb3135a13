"""Models as the adapter reads them from a server."""

from dataclasses import replace

import pytest

from adapters.ollama.client import OllamaClient
from adapters.ollama.language_model import OllamaLanguageModel
from adapters.ollama.model_catalog import OllamaModelCatalog
from domain.errors import ModelServerFailed, ModelServerTimeout, ModelServerUnreachable
from domain.json_value import JsonValue
from domain.model_card import ModelCard
from tests.adapters.ollama.asking import asking, read
from tests.doubles.ollama_server.flavour import Version
from tests.doubles.ollama_server.models import INSTALLED
from tests.doubles.ollama_server.script import Refusal, error
from tests.doubles.ollama_server.server import OllamaServer


async def test_a_card(catalog: OllamaModelCatalog) -> None:
    assert await catalog.get_model("tiny-vision") == ModelCard(
        name="tiny-vision",
        size_mb=4000.0,
        format="gguf",
        family="llama",
        parameter_size="2.73M",
        quantization_level="Q4_K_M",
        capabilities=frozenset({"completion", "vision"}),
        context_length=131_072,
    )


async def test_the_list_has_all_in_the_servers_order(catalog: OllamaModelCatalog) -> None:
    assert [card.name for card in await catalog.list_models()] == [model.name for model in INSTALLED]


@pytest.mark.parametrize("name", ["TINY:Latest", "hub.example/people/tiny:q4_K_M", "Hub.example/People/tiny:Q4_K_M"])
async def test_names_are_opaque_and_without_case(catalog: OllamaModelCatalog, name: str) -> None:
    card = await catalog.get_model(name)

    assert card.name == name
    assert card.size_mb == 10.9


@pytest.mark.parametrize(("version", "can_use_tools"), [("0.20.7", False), ("0.32.15", True)])
async def test_capabilities_are_those_of_show(version: Version, can_use_tools: bool) -> None:
    """The newer server's tags leave some out, the older one's have none."""
    async with OllamaServer(version) as server:
        client = OllamaClient(host=server.url, timeout=5)
        cards = {card.name: card for card in await OllamaModelCatalog(client=client).list_models()}
        await client.aclose()

    assert cards["tiny-jinja:latest"].can_use_tools is can_use_tools
    assert cards["tiny-think:latest"].can_think
    assert not cards["tiny-embed:latest"].can_chat


SHAPES: dict[str, Refusal] = {
    "error": error(500, "broken manifest"),
    "gone meanwhile": error(404, "model not found"),
    "garbage": Refusal(200, b"<html>"),
    "number": Refusal(200, 5),
    "details are text": Refusal(200, {"details": "text"}),
    "info is a list": Refusal(200, {"model_info": []}),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_a_model_that_cannot_be_read_is_left_out(
    ollama_server: OllamaServer, catalog: OllamaModelCatalog, shape: Refusal
) -> None:
    ollama_server.refuse("/api/show", shape, model="tiny-tools:latest")

    names = [card.name for card in await catalog.list_models()]

    assert names == [model.name for model in INSTALLED if model.name != "tiny-tools:latest"]


@pytest.mark.parametrize(
    "shown", [{}, {"details": None, "model_info": None, "capabilities": None}, {"capabilities": ["completion", 5, ""]}]
)
async def test_a_card_of_what_little_a_server_says(
    ollama_server: OllamaServer, catalog: OllamaModelCatalog, shown: JsonValue
) -> None:
    ollama_server.refuse("/api/show", Refusal(200, shown))
    ollama_server.refuse("/api/tags", error(500, "no tags"))

    card = await catalog.get_model("tiny")

    assert card.size_mb is None
    assert card.context_length is None
    assert card.capabilities <= {"completion"}


@pytest.mark.parametrize(
    "tags", [Refusal(200, b"<html>"), Refusal(200, 5), Refusal(200, {"models": [5]}), error(500, "no disk")]
)
async def test_a_list_that_is_none(ollama_server: OllamaServer, catalog: OllamaModelCatalog, tags: Refusal) -> None:
    ollama_server.refuse("/api/tags", tags)

    with pytest.raises(ModelServerFailed):
        await catalog.list_models()


async def test_a_server_without_models(ollama_server: OllamaServer, catalog: OllamaModelCatalog) -> None:
    ollama_server.refuse("/api/tags", Refusal(200, {"models": None}))

    assert not await catalog.list_models()


async def test_nobody_there(ollama_server: OllamaServer, catalog: OllamaModelCatalog) -> None:
    await ollama_server.stop()

    assert await catalog.is_reachable() is False
    with pytest.raises(ModelServerUnreachable):
        await catalog.list_models()
    with pytest.raises(ModelServerUnreachable):
        await catalog.get_model("tiny")


@pytest.mark.parametrize("answer", [Refusal(403), Refusal(404, b"404 page not found"), Refusal(200, b"hello")])
async def test_who_answers_and_is_no_ollama_is_not_reachable(
    ollama_server: OllamaServer, catalog: OllamaModelCatalog, answer: Refusal
) -> None:
    ollama_server.refuse("/api/version", answer)

    assert await catalog.is_reachable() is False


async def test_a_silent_server(ollama_server: OllamaServer) -> None:
    ollama_server.hang("/api/show")
    ollama_server.hang("/api/version")
    client = OllamaClient(host=ollama_server.url, timeout=0.2)
    catalog = OllamaModelCatalog(client=client)

    with pytest.raises(ModelServerTimeout):
        await catalog.get_model("tiny")
    assert await catalog.is_reachable() is False
    await client.aclose()


async def test_the_windows_of_loaded_models(model: OllamaLanguageModel, catalog: OllamaModelCatalog) -> None:
    assert await catalog.loaded_windows() == {}

    await read(model, replace(asking(), num_ctx=1024))

    assert await catalog.loaded_windows() == {"tiny:latest": 1024}


@pytest.mark.parametrize(
    "models", [None, [], [{}], [{"name": "tiny"}], [{"name": "tiny", "context_length": 0}], [{"context_length": 5}]]
)
async def test_loaded_models_that_say_no_window(
    ollama_server: OllamaServer, catalog: OllamaModelCatalog, models: JsonValue
) -> None:
    """Old servers do not tell it."""
    ollama_server.refuse("/api/ps", Refusal(200, {"models": models}))

    assert await catalog.loaded_windows() == {}


async def test_loaded_models_of_one_who_is_no_ollama(ollama_server: OllamaServer, catalog: OllamaModelCatalog) -> None:
    ollama_server.refuse("/api/ps", Refusal(200, b"<html>"))

    with pytest.raises(ModelServerFailed):
        await catalog.loaded_windows()
