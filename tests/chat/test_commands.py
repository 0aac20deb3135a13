"""What begins with a slash."""

import pytest

from domain.message import UserMessage
from domain.tool import ToolSourceError
from entrypoints.chat.commands import COMMANDS
from tests.chat.talks import calling, hold, house_of
from tests.fakes.house import House
from tests.fakes.screen import FakeScreen
from tests.fakes.scripted_model import saying


async def said(house: House, text: str) -> str:
    """The id of a session in which that was said."""
    house.clock.advance(1)
    message = UserMessage(message_id=house.ids.new_id(), timestamp=house.clock.now(), content=text)
    return await house.session(message)


async def test_help_names_every_command() -> None:
    screen = FakeScreen("/help")
    await hold(house_of(), screen)

    assert all(f"/{name}" in screen.shown[0] for name in COMMANDS)


@pytest.mark.parametrize(
    ("typed", "meant"), [("/hlep", "/help"), ("/sesions", "/sessions"), ("/exit", "/quit"), ("/xyzzy", "/help lists")]
)
async def test_an_unknown_command_is_told_with_the_closest(typed: str, meant: str) -> None:
    screen = FakeScreen(typed)

    assert not await hold(house_of(), screen)

    assert typed in screen.shown[0]
    assert meant in screen.shown[0]


async def test_a_blank_lets_a_message_begin_with_a_slash() -> None:
    house = house_of()
    await hold(house, FakeScreen(" /etc is what?"))

    assert house.model.requests[0].messages[-1].content == "/etc is what?"


async def test_quit_ends_it() -> None:
    screen = FakeScreen("/quit", "never said")

    assert await hold(house_of(), screen)

    assert list(screen.messages) == ["never said"]


async def test_sessions_are_numbered_with_previews_and_resumed_by_number_or_id() -> None:
    house = house_of()
    older, newer = await said(house, "about rice"), await said(house, "about tea")
    screen = FakeScreen("/sessions", "/resume 2", "more", f"/resume {newer}", "and more")

    assert await hold(house, screen)

    first, second = screen.shown[0].removeprefix("shown: ").splitlines()
    assert first.split()[:2] == ["1", newer]
    assert first.endswith("about tea")
    assert second.split()[:2] == ["2", older]
    assert [message.content for message in await house.messages(older)] == ["about rice", "more", "ok"]
    assert [message.content for message in await house.messages(newer)] == ["about tea", "and more", "ok"]


@pytest.mark.parametrize("which", ["", "3", "0", "-1", "x", "²", "0123456789"])
async def test_a_session_that_is_not_there_is_told(which: str) -> None:
    house = house_of()
    await said(house, "about rice")
    screen = FakeScreen(f"/resume {which}")

    assert not await hold(house, screen)

    assert screen.shown[0].startswith("error: ")
    assert "/sessions" in screen.shown[0]


async def test_new_begins_another_session() -> None:
    house, screen = house_of(), FakeScreen("one", "/new", "two")
    await hold(house, screen)

    assert len((await house.sessions.list_sessions()).sessions) == 2


async def test_another_model_answers_from_then_on() -> None:
    house, screen = house_of(), FakeScreen("one", "/model plain", "two", "/model nowhere", "/model")
    await hold(house, screen)

    assert [request.model for request in house.model.requests] == ["clever", "plain"]
    assert "MODEL_NOT_FOUND" in screen.shown[-2]
    assert screen.shown[-1] == "shown: * plain\n  clever"


async def test_tools_are_listed_with_what_they_may() -> None:
    house = house_of(calling("hi"), saying("done"))
    house.toolbox.errors = (ToolSourceError(source="broken.py", error="line 1: no"),)
    screen = FakeScreen("/tools", "use echo", "/tools", answers=["a"])

    await hold(house, screen)

    lists = [line for line in screen.shown if line.startswith("shown: ")]
    assert "+ echo (enabled, asks)" in lists[0]
    assert "! broken.py: line 1: no" in lists[0]
    assert "+ echo (enabled, does not ask)" in lists[1]


async def test_history_shows_what_was_said_and_done() -> None:
    house = house_of(calling("hi"), saying("done"))
    screen = FakeScreen("/history", "use echo", "/history", answers=["y"])

    await hold(house, screen)

    assert screen.shown[0] == "shown: Nothing has been said yet."
    assert screen.shown[-4:] == ["message: use echo", "call: echo {'text': 'hi'}", "note: echo: hi", "answer: done"]


@pytest.mark.parametrize(("typed", "told"), [("/think", "off"), ("/think on", "on"), ("/think maybe", "/think on or")])
async def test_thinking_is_switched(typed: str, told: str) -> None:
    screen = FakeScreen(typed)
    await hold(house_of(), screen)

    assert told in screen.shown[0]
