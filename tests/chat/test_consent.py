"""Questions about tools' calls, and the answers that people give."""

import pytest

from domain.message import ToolMessage
from entrypoints.chat.screen import Interrupted
from tests.chat.talks import calling, hold, house_of
from tests.fakes.house import House
from tests.fakes.screen import FakeScreen
from tests.fakes.scripted_model import saying

QUESTION = "question: echo {'text': 'hi'}"


async def results_of(house: House) -> list[str]:
    (overview,) = (await house.sessions.list_sessions()).sessions
    return [each.content for each in await house.messages(overview.session_id) if isinstance(each, ToolMessage)]


async def test_yes_calls_the_tool() -> None:
    house = house_of(calling("hi"), saying("done"))
    screen = FakeScreen("use echo", answers=["y"])

    assert await hold(house, screen)

    assert screen.shown == [QUESTION, "result: hi", "answer: done"]
    assert house.toolbox.calls == [("echo", {"text": "hi"})]


async def test_no_gives_the_model_the_reason() -> None:
    house = house_of(calling("hi"), saying("done"))
    screen = FakeScreen("use echo", answers=["n", "not now"])

    await hold(house, screen)

    assert house.toolbox.calls == []
    assert "Reason: not now" in (await results_of(house))[0]


async def test_edited_arguments_take_the_place_of_the_models_own() -> None:
    house = house_of(calling("hi"), saying("done"))
    screen = FakeScreen("use echo", answers=["e", '{"text": "ho"}'])

    await hold(house, screen)

    assert screen.offered[1] == '{\n  "text": "hi"\n}'
    assert house.toolbox.calls == [("echo", {"text": "ho"})]


@pytest.mark.parametrize(("wrong", "told"), [("{", "This is no JSON"), ("[1]", "must be a JSON object")])
async def test_what_is_no_json_object_is_told_and_edited_on(wrong: str, told: str) -> None:
    house = house_of(calling("hi"), saying("done"))
    screen = FakeScreen("use echo", answers=["e", wrong, '{"text": "ho"}'])

    await hold(house, screen)

    assert told in screen.shown[1]
    assert screen.offered[2] == wrong
    assert house.toolbox.calls == [("echo", {"text": "ho"})]


async def test_arguments_that_the_tool_does_not_take_are_told_and_asked_about_again() -> None:
    house = house_of(calling("hi"), saying("done"))
    screen = FakeScreen("use echo", answers=["e", '{"text": 1}', "y"])

    await hold(house, screen)

    assert "VALIDATION_ERROR" in screen.shown[1]
    assert house.toolbox.calls == [("echo", {"text": "hi"})]


async def test_always_answers_the_rest_of_the_session() -> None:
    house = house_of(calling("hi", "ho"), saying("done"), calling("again"), saying("done"))
    screen = FakeScreen("use echo", "and again", answers=["a"])

    await hold(house, screen)

    assert len(screen.questions) == 1
    assert [arguments["text"] for _, arguments in house.toolbox.calls] == ["hi", "ho", "again"]
    (overview,) = (await house.sessions.list_sessions()).sessions
    assert overview.tool_settings.tool_policies == {"echo": "never_confirm"}


async def test_another_answer_is_asked_for_again() -> None:
    house = house_of(calling("hi"), saying("done"))
    screen = FakeScreen("use echo", answers=["", "perhaps", "YES"])

    await hold(house, screen)

    assert len(screen.questions) == 3
    assert len(house.toolbox.calls) == 1


async def test_several_questions_come_one_after_the_other() -> None:
    house = house_of(calling("one", "two"), saying("done"))
    screen = FakeScreen("use echo", answers=["y", "n", ""])

    await hold(house, screen)

    assert house.toolbox.calls == [("echo", {"text": "one"})]
    assert len(await results_of(house)) == 2


async def test_ctrl_c_at_a_question_cancels_the_run() -> None:
    house = house_of(calling("one", "two"), saying("never"))
    screen = FakeScreen("use echo", "/think", answers=[Interrupted])

    await hold(house, screen)

    assert len(screen.questions) == 1
    assert house.toolbox.calls == []
    assert screen.shown[-2:] == ["note: Cancelled.", "note: Thinking is off."]


async def test_nobody_at_the_terminal_is_a_no() -> None:
    house = house_of(calling("hi"), saying("done"))

    await hold(house, FakeScreen("use echo"))

    assert "Nobody was there" in (await results_of(house))[0]


async def test_without_a_terminal_the_answer_is_no_and_why() -> None:
    house = house_of(calling("hi"), saying("done"))
    screen = FakeScreen("use echo", can_ask=False)

    assert await hold(house, screen)

    assert screen.questions == []
    assert "not held on a terminal" in (await results_of(house))[0]
