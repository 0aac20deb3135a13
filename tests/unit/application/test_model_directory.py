import asyncio

import pytest

from application.model_directory import FRESH_SECONDS, ModelDirectory
from domain.errors import ModelNotFound, ModelServerUnreachable
from domain.model_card import ModelCard
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_model import ScriptedCatalog
from tests.unit.application.bench import LLAMA, SMALL, GatedCatalog

EMBEDDER = ModelCard(name="embedder", capabilities=frozenset({"embedding"}))
DOWN = ModelServerUnreachable("Ollama is down.")


@pytest.fixture
def catalog() -> ScriptedCatalog:
    return ScriptedCatalog(LLAMA, EMBEDDER)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def directory(catalog: ScriptedCatalog, clock: FakeClock) -> ModelDirectory:
    return ModelDirectory(catalog=catalog, clock=clock)


async def test_only_models_that_can_hold_a_conversation_are_listed(directory: ModelDirectory) -> None:
    assert await directory.list_chat_models() == [LLAMA]


async def test_a_list_is_read_afresh_and_passes_errors_through(
    directory: ModelDirectory, catalog: ScriptedCatalog
) -> None:
    await directory.list_chat_models()
    catalog.cards["small"] = SMALL

    assert await directory.list_chat_models() == [LLAMA, SMALL]

    catalog.error = DOWN
    with pytest.raises(ModelServerUnreachable):
        await directory.list_chat_models()


async def test_a_card_is_asked_for_once_a_minute(
    directory: ModelDirectory, catalog: ScriptedCatalog, clock: FakeClock
) -> None:
    assert await directory.get("llama") == LLAMA
    clock.advance(FRESH_SECONDS - 1)
    assert await directory.get("llama") == LLAMA
    assert catalog.asked == ["llama"]

    clock.advance(1)
    await directory.get("llama")
    assert catalog.asked == ["llama", "llama"]


async def test_a_listed_card_needs_no_second_question(directory: ModelDirectory, catalog: ScriptedCatalog) -> None:
    await directory.list_chat_models()
    await directory.get("embedder")

    assert catalog.asked == []


async def test_a_model_that_is_not_there_is_said_so_each_time(
    directory: ModelDirectory, catalog: ScriptedCatalog
) -> None:
    for _ in range(2):
        with pytest.raises(ModelNotFound):
            await directory.get("small")
    catalog.cards["small"] = SMALL

    assert await directory.get("small") == SMALL


async def test_an_old_card_is_no_answer_while_the_server_is_down_but_something_to_show(
    directory: ModelDirectory, catalog: ScriptedCatalog, clock: FakeClock
) -> None:
    await directory.get("llama")
    clock.advance(FRESH_SECONDS)
    catalog.error = DOWN

    with pytest.raises(ModelServerUnreachable):
        await directory.get("llama")
    assert await directory.peek("llama") == LLAMA
    assert await directory.peek("small") is None


async def test_a_model_that_is_gone_is_not_shown_any_more(
    directory: ModelDirectory, catalog: ScriptedCatalog, clock: FakeClock
) -> None:
    await directory.get("llama")
    clock.advance(FRESH_SECONDS)
    del catalog.cards["llama"]

    assert await directory.peek("llama") is None
    catalog.error = DOWN
    assert await directory.peek("llama") is None


async def test_a_server_that_does_not_answer_is_not_waited_for(clock: FakeClock) -> None:
    catalog = GatedCatalog(LLAMA)
    directory = ModelDirectory(catalog=catalog, clock=clock)
    await directory.list_chat_models()
    clock.advance(FRESH_SECONDS)

    async with asyncio.timeout(30):
        cards = await asyncio.gather(directory.peek("llama"), directory.peek("small"))

    assert list(cards) == [LLAMA, None]
    assert catalog.given_up.is_set()
