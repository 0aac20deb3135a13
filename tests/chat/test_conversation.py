"""What is typed is said or carried out; what goes wrong is told, and the conversation goes on."""

import asyncio

import pytest

from application.ports.language_model import ModelChunk
from application.use_cases.start_run import StartedRun
from domain.errors import ModelServerUnreachable, StorageFailed
from domain.message import AssistantMessage, UserMessage
from domain.model_card import ModelCard
from domain.run import ChatRequest
from domain.session import ToolSettings
from tests.chat.talks import calling, conversation_on, hold, house_of
from tests.fakes.house import House, until
from tests.fakes.screen import FakeScreen
from tests.fakes.scripted_model import saying


async def sessions_of(house: House) -> list[str]:
    return [each.session_id for each in (await house.sessions.list_sessions()).sessions]


async def test_what_is_typed_is_answered_in_one_session() -> None:
    house = house_of(saying("Good ", "day"), saying("Bye"))
    screen = FakeScreen("hello", "bye")

    assert await hold(house, screen)

    assert screen.shown == ["answer: Good day", "answer: Bye"]
    (session_id,) = await sessions_of(house)
    assert [message.content for message in await house.messages(session_id)] == ["hello", "Good day", "bye", "Bye"]


async def test_a_new_session_has_every_tool_and_asks_for_each() -> None:
    house = house_of()
    await hold(house, FakeScreen("hello"))

    (session_id,) = await sessions_of(house)
    assert (await house.sessions.load(session_id)).tool_settings == ToolSettings(tools=("echo",))


@pytest.mark.parametrize("text", ["", "   ", "\n"])
async def test_nothing_typed_does_nothing_and_leaves_no_session(text: str) -> None:
    house, screen = house_of(), FakeScreen(text)

    assert await hold(house, screen)

    assert screen.shown == []
    assert await sessions_of(house) == []


async def test_thinking_comes_before_the_answer_where_it_is_wanted() -> None:
    house = house_of([ModelChunk(thinking="hm"), *saying("yes")])
    screen = FakeScreen("/think on", "hello")

    await hold(house, screen)

    assert house.model.requests[0].think is True
    assert screen.shown == ["note: Thinking is on.", "thinking: hm", "answer: yes"]


async def test_a_warning_is_told_once() -> None:
    house, screen = house_of(), FakeScreen("/model plain", "one", "two")

    await hold(house, screen)

    warnings = [line for line in screen.shown if "cannot use tools" in line]
    assert len(warnings) == 1


async def test_an_error_of_the_models_server_is_told_and_the_conversation_goes_on() -> None:
    house = house_of([ModelServerUnreachable("Ollama cannot be reached.")], saying("back"))
    screen = FakeScreen("hello", "again")

    assert not await hold(house, screen)

    assert screen.shown == ["error: Ollama cannot be reached. (OLLAMA_UNREACHABLE)", "answer: back"]


async def test_a_model_that_is_gone_is_told() -> None:
    house, screen = house_of(), FakeScreen("hello")
    del house.catalog.cards["clever"]

    assert not await hold(house, screen)

    assert "MODEL_NOT_FOUND" in screen.shown[0]
    assert "GET " not in screen.shown[0]


async def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    house, screen = house_of(), FakeScreen("hello", "/help")

    async def refuse(_session: object) -> bool:
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr(house.sessions, "create", refuse)
    assert not await hold(house, screen)

    assert screen.shown[0] == "error: The disk is full. (STORAGE_ERROR)"
    assert "/quit" in screen.shown[1]


async def test_a_session_that_another_works_on_is_told() -> None:
    gate = asyncio.Event()
    house = house_of([ModelChunk("a"), gate, *saying("b")])
    session_id = await house.session(model="clever")
    screen = FakeScreen("hello", "/new", "hi")
    conversation = conversation_on(house, screen)
    async with house.say(session_id) as other:
        await first_text(other)
        conversation._talk.session_id = session_id
        # Past the look for a run to join: as where the other one is in another process.
        assert not await conversation._is_done(conversation._take("hello"))
        gate.set()

    assert "SESSION_BUSY" in screen.shown[0]
    assert "if_busy" not in screen.shown[0]


async def first_text(started: StartedRun) -> None:
    async with asyncio.timeout(5):
        while True:
            if any(entry.event.name == "content_delta" for entry in await started.events.next()):
                return


async def test_ctrl_c_ends_the_answer_and_keeps_it_and_the_conversation_goes_on() -> None:
    house = house_of([ModelChunk("Once upon"), asyncio.Event()], saying("fine"))
    screen = FakeScreen("tell", "again")
    holding = asyncio.create_task(hold(house, screen))
    await until(lambda: screen.interrupt is not None and screen._text == ("answer", "Once upon"))

    interrupt = screen.interrupt
    assert interrupt is not None
    interrupt()
    interrupt()
    async with asyncio.timeout(5):
        assert await holding

    assert screen.shown == ["answer: Once upon", "note: Cancelled. What was written is kept.", "answer: fine"]
    (session_id,) = await sessions_of(house)
    kept = (await house.messages(session_id))[1]
    assert isinstance(kept, AssistantMessage)
    assert (kept.content, kept.done_reason) == ("Once upon", "cancelled")
    assert house.model.open_streams == 0


async def test_ctrl_c_before_the_first_word_says_that_nothing_was_written() -> None:
    house = house_of([asyncio.Event()])
    screen = FakeScreen("tell")
    holding = asyncio.create_task(hold(house, screen))
    await until(lambda: screen.interrupt is not None and house.model.open_streams == 1)

    assert screen.interrupt is not None
    screen.interrupt()
    async with asyncio.timeout(5):
        await holding

    assert screen.shown == ["note: Cancelled."]


async def test_ctrl_c_leaves_what_a_server_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    house = house_of(saying("fine"))
    is_asked = asyncio.Event()

    async def hang() -> list[ModelCard]:
        is_asked.set()
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(house.catalog, "list_models", hang)
    screen = FakeScreen("/model", "hello")
    holding = asyncio.create_task(hold(house, screen))
    async with asyncio.timeout(5):
        await is_asked.wait()
        assert screen.interrupt is not None
        screen.interrupt()
        assert await holding

    assert screen.shown == ["note: Cancelled.", "answer: fine"]


async def test_a_program_that_is_ended_ends_the_conversation() -> None:
    house = house_of([ModelChunk("Once upon"), asyncio.Event()])
    screen = FakeScreen("tell", "never said")
    holding = asyncio.create_task(hold(house, screen))
    await until(lambda: screen._text == ("answer", "Once upon"))

    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding

    assert list(screen.messages) == ["never said"]


async def test_a_run_that_waits_for_consent_in_a_resumed_session_is_joined() -> None:
    house = house_of(calling("hi"), saying("done"))
    session_id = await house.session(model="clever", tool_settings=ToolSettings(tools=("echo",)))
    request = ChatRequest(message="use echo", on_disconnect="continue")
    async with house.start_run(session_id, request):
        await until(lambda: bool(house.supervisor.runs_of(session_id)[0].run.open_questions))
    screen = FakeScreen(f"/resume {session_id}", answers=["y"])

    assert await hold(house, screen)

    assert screen.shown[1:] == ["question: echo {'text': 'hi'}", "result: hi", "answer: done"]


async def test_what_was_said_in_a_resumed_session_can_be_had_again() -> None:
    house = house_of()
    at = house.clock.now()
    session_id = await house.session(UserMessage(message_id=house.ids.new_id(), timestamp=at, content="before"))
    screen = FakeScreen(f"/resume {session_id}")

    await hold(house, screen)

    assert screen.remembered == ["before"]
