"""What every PromptStore must do: the sentences of its port, tried on each adapter."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from application.ports.prompt_store import PromptStore
from domain.errors import PromptExists, PromptNotFound
from domain.prompt import Prompt
from tests.contracts.samples import ODD_TEXTS
from tests.contracts.stores import DURABLE_PROMPT_STORES, PROMPT_STORES, OpenPromptStore


@pytest.fixture(params=PROMPT_STORES.values(), ids=list(PROMPT_STORES))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PromptStore]:
    opener: OpenPromptStore = request.param
    async with opener(tmp_path / "data" / "prompts") as opened:
        yield opened


def prompt(filename: str, content: str = "Be kind.") -> Prompt:
    return Prompt(filename=filename, content=content)


async def test_an_empty_store_lists_nothing_and_finds_nothing(store: PromptStore) -> None:
    assert list(await store.list_prompts()) == []
    with pytest.raises(PromptNotFound):
        await store.read("kind.md")
    with pytest.raises(PromptNotFound):
        await store.replace(prompt("kind.md"))
    with pytest.raises(PromptNotFound):
        await store.delete("kind.md")
    assert list(await store.list_prompts()) == []


@pytest.mark.parametrize("text", ODD_TEXTS)
async def test_every_text_comes_back(store: PromptStore, text: str) -> None:
    await store.create(prompt("odd.md", text))
    assert await store.read("odd.md") == prompt("odd.md", text)
    await store.replace(prompt("odd.md", text + "!"))
    assert list(await store.list_prompts()) == [prompt("odd.md", text + "!")]


async def test_prompts_are_listed_by_name(store: PromptStore) -> None:
    names = ["b.md", "a b.md", "B.md", "é餅.md", "x" * 252 + ".md", "-.md"]
    for name in names:
        await store.create(prompt(name, name))
    assert list(await store.list_prompts()) == [prompt(name, name) for name in sorted(names)]


async def test_a_taken_name_is_refused_and_nothing_changes(store: PromptStore) -> None:
    await store.create(prompt("kind.md", "first"))
    with pytest.raises(PromptExists):
        await store.create(prompt("kind.md", "second"))
    assert (await store.read("kind.md")).content == "first"


async def test_of_creations_at_once_one_wins(store: PromptStore) -> None:
    outcomes = await asyncio.gather(
        *(store.create(prompt("kind.md", str(number))) for number in range(8)), return_exceptions=True
    )
    assert sum(isinstance(outcome, PromptExists) for outcome in outcomes) == 7
    assert (await store.read("kind.md")).content == str(outcomes.index(None))


async def test_a_deleted_prompt_is_gone_and_its_name_free(store: PromptStore) -> None:
    await store.create(prompt("kind.md"))
    await store.delete("kind.md")
    with pytest.raises(PromptNotFound):
        await store.read("kind.md")
    assert list(await store.list_prompts()) == []
    await store.create(prompt("kind.md", "again"))


@pytest.mark.parametrize("opener", DURABLE_PROMPT_STORES.values(), ids=list(DURABLE_PROMPT_STORES))
async def test_what_was_kept_is_there_in_another_store_at_the_same_place(
    opener: OpenPromptStore, tmp_path: Path
) -> None:
    async with opener(tmp_path) as first, opener(tmp_path) as second:
        await first.create(prompt("kind.md"))
        with pytest.raises(PromptExists):
            await second.create(prompt("kind.md"))
        await second.replace(prompt("kind.md", "Be kinder."))
    async with opener(tmp_path) as reopened:
        assert list(await reopened.list_prompts()) == [prompt("kind.md", "Be kinder.")]
