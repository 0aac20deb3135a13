"""What every toolbox must do."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.errors import ToolNotFound, ValidationFailed
from domain.json_value import JsonObject
from domain.tool import ToolOutcome, cut_result
from tests.contracts.toolbox_subjects import PATIENCE, TIMEOUT, TOOLBOXES, Subject

WRONG: list[JsonObject] = [{"text": 5}, {"text": None}, {"text": ["a"]}, {"nothing": "of this"}]


@pytest.fixture(params=TOOLBOXES)
async def subject(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Subject]:
    timeout = TIMEOUT if request.node.get_closest_marker("gives_up") else PATIENCE
    async with TOOLBOXES[request.param](tmp_path, timeout) as opened:
        yield opened


async def call(subject: Subject, tool: str, text: str = "") -> ToolOutcome:
    return await subject.toolbox.call(subject.prefix + tool, {"text": text})


async def test_the_inventory_has_every_tool_under_its_name(subject: Subject) -> None:
    inventory = await subject.toolbox.inventory()

    assert set(inventory.tools) == {subject.prefix + name for name in ("echo", "fail", "sleep")}
    assert all(tool.name == name and tool.description and tool.source for name, tool in inventory.tools.items())
    assert inventory.errors == ()


async def test_parameters_are_a_schema_of_an_object(subject: Subject) -> None:
    parameters = (await subject.toolbox.inventory()).tools[f"{subject.prefix}echo"].parameters

    assert parameters["type"] == "object"
    assert parameters["properties"]["text"]["type"] == "string"  # type: ignore[index,call-overload]  # a schema's shape
    assert "$ref" not in str(parameters)


@pytest.mark.parametrize("text", ["", "hello", "two\nlines", "\u2028\0\x1b", "größer 🍡", '{"a": "b"}'])
async def test_a_result_is_the_text_that_the_tool_returned(subject: Subject, text: str) -> None:
    assert await call(subject, "echo", text) == ToolOutcome(text=text)


async def test_a_lone_surrogate_is_replaced(subject: Subject) -> None:
    assert (await call(subject, "echo", "a\ud800b")).text == "a\ufffdb"


async def test_a_long_result_is_cut_with_a_note(subject: Subject) -> None:
    text = "abcdé" * 30_000

    assert await call(subject, "echo", text) == ToolOutcome(text=cut_result(text))


async def test_a_tool_that_fails_says_why(subject: Subject) -> None:
    outcome = await call(subject, "fail", "the well is dry")

    assert outcome.error_code == "TOOL_EXECUTION_FAILED"
    assert "the well is dry" in outcome.text


@pytest.mark.gives_up
async def test_a_tool_that_does_not_end_is_left_in_time(subject: Subject) -> None:
    began = time.monotonic()
    outcome = await call(subject, "sleep")

    assert outcome.error_code == "TOOL_TIMEOUT"
    assert TIMEOUT <= time.monotonic() - began < 3 * TIMEOUT
    assert (await call(subject, "echo", "still here")).text == "still here"


async def test_an_unknown_tool_is_not_found(subject: Subject) -> None:
    outcome = await call(subject, "nothing")

    assert outcome.error_code == "TOOL_NOT_FOUND"
    assert outcome.text
    with pytest.raises(ToolNotFound) as raised:
        await subject.toolbox.check_arguments(f"{subject.prefix}nothing", {})
    assert raised.value.details["tool_name"] == f"{subject.prefix}nothing"


@pytest.mark.parametrize("arguments", WRONG, ids=str)
async def test_wrong_arguments_are_told_by_their_name(subject: Subject, arguments: JsonObject) -> None:
    name = next(iter(arguments))
    outcome = await subject.toolbox.call(f"{subject.prefix}echo", arguments)

    assert outcome.error_code == "VALIDATION_ERROR"
    assert name in outcome.text or "text" in outcome.text
    with pytest.raises(ValidationFailed):
        await subject.toolbox.check_arguments(f"{subject.prefix}echo", arguments)


async def test_right_arguments_are_checked_without_a_call(subject: Subject) -> None:
    await subject.toolbox.check_arguments(f"{subject.prefix}fail", {"text": "not called"})
    await subject.toolbox.check_arguments(f"{subject.prefix}sleep", {})


async def test_many_calls_at_once_each_get_their_own_result(subject: Subject) -> None:
    outcomes = await asyncio.gather(*(call(subject, "echo", str(number)) for number in range(50)))

    assert [outcome.text for outcome in outcomes] == [str(number) for number in range(50)]


@pytest.mark.gives_up
async def test_calls_that_fail_leave_those_beside_them_alone(subject: Subject) -> None:
    tools = ["echo", "fail", "sleep"] * 4
    outcomes = await asyncio.gather(*(call(subject, tool, "mine") for tool in tools))

    codes = {"echo": None, "fail": "TOOL_EXECUTION_FAILED", "sleep": "TOOL_TIMEOUT"}
    assert [outcome.error_code for outcome in outcomes] == [codes[tool] for tool in tools]


async def test_a_caller_may_leave(subject: Subject) -> None:
    calls = [asyncio.create_task(call(subject, "sleep")) for _ in range(3)]
    await call(subject, "echo")
    for one in calls:
        one.cancel()
    ended = await asyncio.gather(*calls, return_exceptions=True)

    assert all(isinstance(one, asyncio.CancelledError) for one in ended)
    assert (await call(subject, "echo", "still here")).text == "still here"


async def test_a_reload_finds_what_is_new(subject: Subject) -> None:
    await subject.toolbox.inventory()
    subject.add()
    await subject.toolbox.reload()

    assert f"{subject.prefix}added" in (await subject.toolbox.inventory()).tools
    assert (await call(subject, "added", "now")).text == "added now"
    assert (await call(subject, "echo", "as before")).text == "as before"


@pytest.mark.gives_up
async def test_a_call_outlives_a_reload(subject: Subject) -> None:
    await call(subject, "echo")
    under_way = asyncio.create_task(call(subject, "sleep"))
    await subject.toolbox.reload()

    assert (await under_way).error_code == "TOOL_TIMEOUT"
