from collections.abc import Awaitable, Callable

import pytest

from application.use_cases.prompts import CreatePrompt, DeletePrompt, ListPrompts, ReadPrompt, ReplacePrompt
from domain.errors import PromptExists, PromptNotFound, ValidationFailed
from domain.prompt import Prompt
from tests.unit.application.bench import Bench

BRIEF = Prompt(filename="brief.md", content="Be brief.")


async def test_a_prompt_from_beginning_to_end(bench: Bench) -> None:
    longer = Prompt(filename="brief.md", content="Be brief, but polite.")

    assert await CreatePrompt(prompts=bench.prompts)(BRIEF) == BRIEF
    assert await ReadPrompt(prompts=bench.prompts)("brief.md") == BRIEF
    assert await ReplacePrompt(prompts=bench.prompts)(longer) == longer
    assert await ListPrompts(prompts=bench.prompts)() == [longer]
    await DeletePrompt(prompts=bench.prompts)("brief.md")
    assert await ListPrompts(prompts=bench.prompts)() == []


async def test_a_prompt_is_created_once_and_replaced_only_where_it_is(bench: Bench) -> None:
    with pytest.raises(PromptNotFound):
        await ReplacePrompt(prompts=bench.prompts)(BRIEF)
    await bench.prompts.create(BRIEF)
    with pytest.raises(PromptExists):
        await CreatePrompt(prompts=bench.prompts)(Prompt(filename="brief.md", content="Other"))

    assert await bench.prompts.list_prompts() == [BRIEF]


@pytest.mark.parametrize("use_case", [ReadPrompt, DeletePrompt])
@pytest.mark.parametrize(("filename", "error"), [("gone.md", PromptNotFound), ("../brief.md", ValidationFailed)])
async def test_names_that_lead_nowhere(
    bench: Bench,
    use_case: Callable[..., Callable[[str], Awaitable[object]]],
    filename: str,
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        await use_case(prompts=bench.prompts)(filename)


@pytest.mark.parametrize("use_case", [CreatePrompt, ReplacePrompt])
@pytest.mark.parametrize("wrong", [Prompt(filename="a.txt", content="x"), Prompt(filename="brief.md", content=" ")])
async def test_what_no_prompt_may_be(
    bench: Bench, use_case: Callable[..., Callable[[Prompt], Awaitable[object]]], wrong: Prompt
) -> None:
    await bench.prompts.create(BRIEF)

    with pytest.raises(ValidationFailed):
        await use_case(prompts=bench.prompts)(wrong)

    assert await bench.prompts.list_prompts() == [BRIEF]
