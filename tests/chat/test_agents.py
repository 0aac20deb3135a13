"""Agents in the chat: their work is shown, their calls are asked about, and a person says who may work."""

import asyncio

import pytest

from application.ports.language_model import ModelChunk
from domain.run import ChatRequest
from domain.session import ToolSettings
from tests.chat.talks import calling, delegating, hold, house_of, house_with_agents
from tests.fakes.house import House, until
from tests.fakes.screen import FakeScreen
from tests.fakes.scripted_model import Step, saying

SOUP: tuple[list[Step], ...] = (
    delegating(),
    saying("First ", "water."),
    [ModelChunk("I stir."), *calling("soup", tool="stir")],
    saying("It is ", "ready."),
    saying("Enjoy!"),
)
BEGUN = ["step: The agent cook begins: Cook soup.", "note: cook plans:", "agent: First water."]
STIRS = ["note: cook says:", "agent: I stir."]
DONE = ["note: cook says:", "agent: It is ready.", "step: The agent cook has ended.", "answer: Enjoy!"]


async def session_id_of(house: House) -> str:
    (overview,) = (await house.sessions.list_sessions()).sessions
    return overview.session_id


async def agents_of(house: House) -> tuple[str, ...]:
    (overview,) = (await house.sessions.list_sessions()).sessions
    return overview.agent_settings.enabled_agents


async def test_an_agents_work_is_shown_and_its_calls_are_asked_about_in_its_name() -> None:
    house = house_with_agents(*SOUP)
    screen = FakeScreen("Soup, please.", answers=["y"])

    assert await hold(house, screen)

    assert screen.shown == [*BEGUN, *STIRS, "question: cook's stir {'text': 'soup'}", "result: soup", *DONE]
    assert screen.questions[0].startswith("Let the agent cook call stir?")
    assert house.agent_toolbox.calls == [("cook.stir", {"text": "soup"})]


async def test_always_holds_for_the_tool_of_that_agent_alone() -> None:
    house = house_with_agents(*SOUP, *SOUP, delegating("waiter"), saying("Plan."), calling("x", tool="serve"))
    screen = FakeScreen("Soup, please.", "More!", "Serve it.", answers=["a", "n", ""])

    await hold(house, screen)

    assert len([question for question in screen.questions if question.startswith("Let the agent cook")]) == 1
    assert any(question.startswith("Let the agent waiter call serve?") for question in screen.questions)
    assert "call: cook's stir {'text': 'soup'}" in screen.shown
    settings = (await house.sessions.load(await session_id_of(house))).tool_settings
    assert settings.tool_policies == {"cook.stir": "never_confirm"}


async def test_without_a_terminal_an_agents_calls_are_denied() -> None:
    house = house_with_agents(*SOUP)
    screen = FakeScreen("Soup, please.", can_ask=False)

    assert await hold(house, screen)

    assert house.agent_toolbox.calls == []
    assert any(line.startswith("result: failed: ") for line in screen.shown)
    assert screen.shown[-1] == "answer: Enjoy!"


async def test_ctrl_c_ends_an_agents_work_and_keeps_it() -> None:
    house = house_with_agents(delegating(), [ModelChunk("First water"), asyncio.Event()])
    screen = FakeScreen("Soup, please.")
    holding = asyncio.create_task(hold(house, screen))
    await until(lambda: screen._text == ("agent", "First water"))

    assert screen.interrupt is not None
    screen.interrupt()
    async with asyncio.timeout(5):
        assert await holding

    assert screen.shown[-1] == "note: Cancelled. What was written is kept."


async def test_an_agents_question_in_a_resumed_session_names_it() -> None:
    house = house_with_agents(*SOUP)
    session_id = await house.session(model="clever", tool_settings=ToolSettings(tools=("echo",)), agents=("cook",))
    async with house.start_run(session_id, ChatRequest(message="Soup, please.", on_disconnect="continue")):
        await until(lambda: bool(house.supervisor.runs_of(session_id)[0].run.open_questions))
    screen = FakeScreen(f"/resume {session_id}", answers=["y"])

    assert await hold(house, screen)

    assert screen.shown[-6:] == ["question: cook's stir {'text': 'soup'}", "result: soup", *DONE]


async def test_a_new_session_has_every_agent_that_can_be_used() -> None:
    house = house_with_agents()
    await hold(house, FakeScreen("hello"))

    assert await agents_of(house) == ("cook", "waiter")


async def test_agents_are_listed_with_what_keeps_one_from_work() -> None:
    screen = FakeScreen("/agents")
    await hold(house_with_agents(), screen)

    (shown,) = screen.shown
    assert "+ cook (enabled, tools: 1)  It is the cook." in shown
    assert "! ghost: SKILL.md: it has no description." in shown


async def test_where_there_are_no_agents_the_list_says_how_to_have_some() -> None:
    screen = FakeScreen("/agents")
    await hold(house_of(), screen)

    assert "docs/agents.md" in screen.shown[0]


@pytest.mark.parametrize(
    ("typed", "enabled"),
    [
        (["/agents off cook"], ("waiter",)),
        (["/agents off"], ()),
        (["/agents off", "/agents on waiter"], ("waiter",)),
        (["/agents off", "/agents on"], ("cook", "waiter")),
        (["/agents off", "/new"], ("cook", "waiter")),
    ],
)
@pytest.mark.parametrize("before", [[], ["hello"]])
async def test_agents_are_switched_before_and_in_a_session(
    typed: list[str], enabled: tuple[str, ...], before: list[str]
) -> None:
    house, screen = house_with_agents(), FakeScreen(*before, *typed, "hello")
    await hold(house, screen)

    newest = (await house.sessions.list_sessions()).sessions[0]
    assert newest.agent_settings.enabled_agents == enabled
    assert len(house.model.requests) == len(before) + 1


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("/agents on nobody", "/agents lists those that there are"),
        ("/agents on ghost", "it has no description"),
        ("/agents cook", "/agents on NAME"),
    ],
)
@pytest.mark.parametrize("before", [[], ["hello"]])
async def test_an_agent_that_cannot_be_had_is_told(typed: str, told: str, before: list[str]) -> None:
    house, screen = house_with_agents(), FakeScreen(*before, typed, "hello")

    assert not await hold(house, screen)

    (error,) = [line for line in screen.shown if line.startswith("error: ")]
    assert told in error
    assert await agents_of(house) == ("cook", "waiter")


async def test_an_agent_that_is_gone_is_listed_and_leaves_with_the_next_switch() -> None:
    house = house_with_agents()
    session_id = await house.session(model="clever", agents=("baker", "cook"))
    screen = FakeScreen(f"/resume {session_id}", "/agents", "/agents on waiter")

    await hold(house, screen)

    lists = [line for line in screen.shown if line.startswith("shown: ")]
    assert "? baker  is not there any more" in lists[0]
    assert "baker" not in lists[1]
    assert await agents_of(house) == ("cook", "waiter")
