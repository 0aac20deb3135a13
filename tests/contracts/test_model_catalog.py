"""What every catalog of models must do."""

from collections.abc import AsyncIterator

import pytest

from domain.errors import ModelNotFound
from tests.contracts.model_subjects import SUBJECTS, Subject


@pytest.fixture(params=SUBJECTS)
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    async with SUBJECTS[request.param]() as opened:
        yield opened


async def test_every_listed_model_can_be_had_by_its_name(subject: Subject) -> None:
    cards = await subject.catalog.list_models()

    assert cards
    assert [await subject.catalog.get_model(card.name) for card in cards] == list(cards)


async def test_a_model_that_answers_is_known_and_can_chat(subject: Subject) -> None:
    card = await subject.catalog.get_model(subject.chat_model)

    assert card.name == subject.chat_model
    assert card.can_chat


async def test_a_model_that_thinks_says_so(subject: Subject) -> None:
    if subject.thinking_model is None:
        pytest.skip("no model of it thinks")

    assert (await subject.catalog.get_model(subject.thinking_model)).can_think


@pytest.mark.parametrize("name", ["nobody/knows:this", "nobody", "no body", "nobody:"])
async def test_an_unknown_model_is_not_found(subject: Subject, name: str) -> None:
    with pytest.raises(ModelNotFound) as raised:
        await subject.catalog.get_model(name)

    assert raised.value.details["model"] == name


async def test_a_server_that_has_an_address_is_reachable(subject: Subject) -> None:
    assert await subject.catalog.is_reachable() is (None if subject.catalog.address is None else True)


async def test_loaded_models_have_a_window(subject: Subject) -> None:
    windows = await subject.catalog.loaded_windows()

    assert all(name and window > 0 for name, window in windows.items())
