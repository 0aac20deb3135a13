"""Summaries: made when nobody wants the model, and out of the way as soon as somebody does."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from adapters.memory.session_store import MemorySessionStore
from application.ports.language_model import ModelChunk, ModelEnd
from application.runs.summarizer import ANSWER_TOKENS
from application.runs.summary_keeper import SummaryKeeper
from domain.confirmation import Decision
from domain.errors import (
    EmptyHistory,
    ModelNotFound,
    ModelServerFailed,
    PromptTooLong,
    SessionBusy,
    SessionNotFound,
    StorageFailed,
    SummaryModelRequired,
    ValidationFailed,
)
from domain.message import Message, ToolCall
from domain.model_card import ModelCard
from domain.run import ChatRequest
from domain.session import Session, Summary, ToolSettings
from domain.summary import SCHEMA
from tests.fakes.house import CLEVER, PLAIN, House, read_all, until
from tests.fakes.scripted_model import ScriptedCatalog, ScriptedModel, Step, saying
from tests.fakes.toolbox import FakeToolbox, echo
from tests.unit.histories import assistant, user

TEXT = '{"summary": "They greeted. All went well.", "topics": ["greeting"]}'
SUMMARY = Summary(summary="They greeted. All went well.", topics=("greeting",), model="plain")
TALK = (user("Hello"), assistant("Hi"))


def keeper_of(house: House, pause_seconds: float = 0.0, unsupported: tuple[str, ...] = ()) -> SummaryKeeper:
    return SummaryKeeper(
        sessions=house.sessions,
        desk=house.container.summary_desk(),
        news=house.container.news(),
        unsupported_models=unsupported,
        pause_seconds=pause_seconds,
    )


@asynccontextmanager
async def keeping(house: House, pause_seconds: float = 0.0, unsupported: tuple[str, ...] = ()) -> AsyncIterator[None]:
    """With summaries in the background."""
    task = asyncio.create_task(keeper_of(house, pause_seconds, unsupported).keep_for_ever())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def settled(condition: Callable[[], bool]) -> None:
    """Until it holds: here threads and timers have their say, too."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for is in many places
            await asyncio.sleep(0.001)


async def ask(house: House, session_id: str, text: str = "hello") -> None:
    await house.answer_chat(session_id, ChatRequest(message=text))


async def summary_of(house: House, session_id: str) -> Summary | None:
    return (await house.sessions.load(session_id)).summary


def summary_requests(house: House) -> list[int]:
    """The numbers of the model's requests that asked for a summary."""
    return [number for number, request in enumerate(house.model.requests) if request.format == SCHEMA]


async def summarized(house: House, count: int) -> None:
    """Until so many summaries were asked for and the model is silent."""
    await settled(lambda: len(summary_requests(house)) == count and house.model.open_streams == 0)
    await asyncio.sleep(0.01)


async def test_a_completed_run_is_followed_by_a_summary() -> None:
    house = House(ScriptedModel(saying("Hi"), saying(TEXT[:30], TEXT[30:])))
    session_id = await house.session()
    async with keeping(house):
        await ask(house, session_id)
        before = await house.sessions.load(session_id)
        await summarized(house, 1)
    session = await house.sessions.load(session_id)
    assert session == replace(before, summary=SUMMARY)
    request = house.model.requests[1]
    assert (request.model, request.num_ctx, request.think, request.tools) == ("plain", 8_192, None, ())
    assert request.options == {"num_predict": ANSWER_TOKENS}
    assert [message.content for message in request.messages[:-1]] == ["hello", "Hi"]


async def test_a_model_that_thinks_is_told_not_to() -> None:
    house = House(ScriptedModel(saying("Hi"), saying(TEXT)))
    async with keeping(house):
        await ask(house, await house.session(model="clever"))
        await summarized(house, 1)
    assert [request.think for request in house.model.requests] == [False, False]


async def test_the_loaded_window_is_taken_as_it_is() -> None:
    catalog = ScriptedCatalog(PLAIN, CLEVER)
    catalog.windows = {"plain": 20_000}
    house = House(ScriptedModel(saying("Hi"), saying(TEXT)), catalog=catalog)
    async with keeping(house):
        await ask(house, await house.session())
        await summarized(house, 1)
    assert [request.num_ctx for request in house.model.requests] == [20_000, 20_000]


async def test_a_window_that_no_run_would_ask_for_is_no_reason_to_load_anew() -> None:
    catalog = ScriptedCatalog(PLAIN)
    catalog.windows = {"plain": 512}
    house = House(ScriptedModel(saying(TEXT)), catalog=catalog)
    await house.container.use_cases().summarize_session(await house.session(*TALK))
    assert house.model.requests[0].num_ctx == 512


async def test_without_dynamic_windows_none_is_asked_for() -> None:
    house = House(ScriptedModel(saying(TEXT)), dynamic_window_enabled=False)
    await house.container.use_cases().summarize_session(await house.session(*TALK))
    assert house.model.requests[0].num_ctx is None


async def test_an_answer_that_does_not_fit_is_asked_for_once_more() -> None:
    house = House(ScriptedModel(saying("Hi"), saying("Well, they talked."), saying(TEXT)))
    session_id = await house.session()
    async with keeping(house):
        await ask(house, session_id)
        await summarized(house, 2)
    assert await summary_of(house, session_id) == SUMMARY


@pytest.mark.parametrize(
    "replies",
    [
        [saying("no"), saying(TEXT[:20], done_reason="length")],
        [[ModelServerFailed("SECRET words of the model's server")]],
        [[RuntimeError("SECRET")]],
        [[PromptTooLong("SECRET", prompt_tokens=None, window=None)]] * 2,
    ],
)
async def test_a_failure_is_a_line_in_the_log_and_is_not_tried_again_before_the_next_run(
    caplog: pytest.LogCaptureFixture, replies: Sequence[Sequence[Step]]
) -> None:
    house = House(ScriptedModel(saying("Hi"), *replies))
    session_id = await house.session()
    with caplog.at_level(logging.INFO):
        async with keeping(house):
            await ask(house, session_id, "PRIVATE")
            await summarized(house, len(replies))
            assert await summary_of(house, session_id) is None
            house.model.reply_next(saying("Hi again"), saying(TEXT))
            await ask(house, session_id)
            await summarized(house, len(replies) + 1)
    [line] = [record for record in caplog.records if "summar" in record.getMessage()]
    assert line.exc_info is None
    assert not any(private in caplog.text for private in ("SECRET", "PRIVATE", "Traceback"))
    assert await summary_of(house, session_id) == SUMMARY


async def test_a_store_that_refuses_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class FullStore(MemorySessionStore):
        is_full = False

        async def update(self, session_id: str, change: Callable[[Session], Session]) -> Session:
            if self.is_full:
                raise StorageFailed("The disk is full.")
            return await super().update(session_id, change)

    store = FullStore()
    house = House(ScriptedModel(saying("Hi"), saying(TEXT)), sessions=store)
    session_id = await house.session()
    async with keeping(house, pause_seconds=0.05):
        await ask(house, session_id)
        store.is_full = True
        await settled(lambda: "STORAGE_ERROR" in caplog.text)
    assert await summary_of(house, session_id) is None


async def test_a_turn_stops_the_summary_of_its_session_before_its_message_is_stored() -> None:
    gate = asyncio.Event()
    house = House(ScriptedModel(saying("Hi"), [ModelChunk(TEXT[:9]), gate], saying("Again"), saying(TEXT)))
    session_id = await house.session()
    async with keeping(house):
        await ask(house, session_id)
        await settled(lambda: house.model.open_streams == 1)
        [_, summary] = house.model.streams
        async with house.say(session_id, "next") as started:
            await until(lambda: len(house.model.streams) == 3)
            assert summary.closed
            assert not summary.finished
            await read_all(started.events)
        await summarized(house, 2)
    assert await summary_of(house, session_id) == SUMMARY


async def test_a_turn_of_another_session_on_the_model_stops_it_and_it_is_due_again() -> None:
    gate = asyncio.Event()
    other_gate = asyncio.Event()
    house = House(ScriptedModel(saying("Hi"), [gate], [other_gate, *saying("Other")], saying(TEXT), saying(TEXT)))
    session_id, other = await house.session(), await house.session(model="PLAIN:latest")
    house.catalog.cards["PLAIN:latest"] = PLAIN
    async with keeping(house):
        await ask(house, session_id)
        await settled(lambda: house.model.open_streams == 1)
        async with house.say(other) as started:
            await until(lambda: len(house.model.streams) == 3)
            assert house.model.streams[1].closed
            await asyncio.sleep(0.02)
            assert len(house.model.streams) == 3
            other_gate.set()
            await read_all(started.events)
        await summarized(house, 3)
    assert await summary_of(house, session_id) == SUMMARY
    assert await summary_of(house, other) is not None


async def test_a_turn_on_another_model_does_not() -> None:
    gate = asyncio.Event()
    house = House(ScriptedModel(saying("Hi"), [gate, *saying(TEXT)], saying("Other"), saying(TEXT)))
    session_id, other = await house.session(), await house.session(model="clever")
    async with keeping(house):
        await ask(house, session_id)
        await settled(lambda: house.model.open_streams == 1)
        await ask(house, other)
        assert not house.model.streams[1].closed
        gate.set()
        await summarized(house, 2)
    assert await summary_of(house, session_id) == SUMMARY


async def test_it_waits_until_no_run_is_at_work_on_the_model() -> None:
    gate = asyncio.Event()
    house = House(ScriptedModel([gate, *saying("Late")], saying("Hi"), saying(TEXT), saying(TEXT)))
    busy, session_id = await house.session(), await house.session()
    async with keeping(house):
        async with house.say(busy) as started:
            await until(lambda: house.model.open_streams == 1)
            await ask(house, session_id)
            await asyncio.sleep(0.02)
            assert summary_requests(house) == []
            gate.set()
            await read_all(started.events)
        await summarized(house, 2)


async def test_a_run_that_waits_for_a_person_is_in_nobodys_way_until_it_goes_on() -> None:
    calling = [
        ModelChunk(tool_calls=(ToolCall(call_id="1", tool_name="echo", arguments={}),)),
        ModelChunk(end=ModelEnd()),
    ]
    house = House(
        ScriptedModel(calling, saying("Hi"), [asyncio.Event()], saying("Done"), default=saying(TEXT)),
        toolbox=FakeToolbox({"echo": echo}),
    )
    session_id = await house.session(model="clever")
    waiting = await house.session(model="clever", tool_settings=ToolSettings(tools=("echo",)))
    async with keeping(house), house.say(waiting) as started:
        await until(lambda: bool(house.supervisor.runs_of(waiting)[0].run.open_questions))
        await ask(house, session_id)
        await settled(lambda: len(summary_requests(house)) == 1)
        [question] = house.supervisor.runs_of(waiting)[0].run.open_questions
        await house.confirm_tool(waiting, question.confirmation_id, Decision(approved=True))
        await read_all(started.events)
        assert house.model.streams[2].closed
        await summarized(house, 3)
    assert await summary_of(house, session_id) == replace(SUMMARY, model="clever")


async def test_only_one_summary_is_made_at_a_time() -> None:
    gates = [asyncio.Event() for _ in range(2)]
    house = House(ScriptedModel(saying("a"), saying("b"), *([gate, *saying(TEXT)] for gate in gates)))
    first, second = await house.session(), await house.session()
    async with keeping(house, pause_seconds=0.02):
        await ask(house, first)
        await ask(house, second)
        await settled(lambda: len(summary_requests(house)) == 1)
        await asyncio.sleep(0.05)
        assert house.model.open_streams == 1
        gates[0].set()
        await settled(lambda: len(summary_requests(house)) == 2)
        gates[1].set()
        await summarized(house, 2)
    assert await summary_of(house, first) == await summary_of(house, second) == SUMMARY


async def test_a_quick_next_turn_meets_no_summary() -> None:
    house = House()
    session_id = await house.session()
    async with keeping(house, pause_seconds=0.2):
        for _ in range(3):
            await ask(house, session_id)
            await asyncio.sleep(0.01)
        assert summary_requests(house) == []


@pytest.mark.parametrize("reply", [saying(""), [ModelChunk("half"), ModelServerFailed("broke")]])
async def test_a_run_without_a_plain_answer_gets_none(reply: Sequence[Step]) -> None:
    house = House(ScriptedModel(reply))
    session_id = await house.session()
    async with keeping(house), house.say(session_id) as started:
        await read_all(started.events)
        await asyncio.sleep(0.02)
    assert summary_requests(house) == []


async def test_unsupported_models_are_never_asked() -> None:
    house = House()
    session_id = await house.session()
    async with keeping(house, unsupported=("plain:latest", "clever")):
        await ask(house, session_id)
        await asyncio.sleep(0.02)
        assert summary_requests(house) == []
        await house.sessions.update(session_id, lambda session: replace(session, summary_model="clever"))
        await ask(house, session_id)
        await asyncio.sleep(0.02)
    assert summary_requests(house) == []


async def test_the_remembered_model_stands_in() -> None:
    house = House(ScriptedModel(saying("Hi"), saying(TEXT)))
    session_id = await house.session()
    await house.sessions.update(session_id, lambda session: replace(session, summary_model="clever"))
    async with keeping(house, unsupported=("plain",)):
        await ask(house, session_id)
        await summarized(house, 1)
    assert await summary_of(house, session_id) == replace(SUMMARY, model="clever")


async def test_a_session_that_another_process_deletes_meanwhile_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    gate = asyncio.Event()
    house = House(ScriptedModel(saying("Hi"), [gate, *saying(TEXT)]))
    session_id = await house.session()
    async with keeping(house):
        await ask(house, session_id)
        await settled(lambda: house.model.open_streams == 1)
        await house.sessions.delete(session_id)
        gate.set()
        await summarized(house, 1)
    assert "summarised" not in caplog.text


async def test_a_session_that_is_deleted_takes_its_summary_along(caplog: pytest.LogCaptureFixture) -> None:
    house = House(ScriptedModel(saying("Hi"), [asyncio.Event()], [asyncio.Event()]))
    use_cases = house.container.use_cases()
    session_id, other = await house.session(), await house.session(*TALK)
    async with keeping(house):
        await ask(house, session_id)
        await settled(lambda: house.model.open_streams == 1)
        await use_cases.delete_session(session_id)
        await settled(lambda: house.model.open_streams == 0)
    waiting = asyncio.create_task(use_cases.summarize_session(other))
    await settled(lambda: house.model.open_streams == 1)
    await use_cases.delete_session(other)
    with pytest.raises(SessionNotFound):
        await waiting
    assert "summarised" not in caplog.text


async def test_the_end_of_the_server_ends_the_summary() -> None:
    house = House(ScriptedModel(saying("Hi"), [asyncio.Event()]))
    async with keeping(house):
        await ask(house, await house.session())
        await settled(lambda: house.model.open_streams == 1)
    assert house.model.open_streams == 0


def long_talk(turns: int) -> tuple[Message, ...]:
    return tuple(
        message
        for turn in range(turns)
        for message in (
            user(f"Question {turn}. " + "word " * 200, message_id=f"a{turn:09x}"),
            assistant(f"Answer {turn}. " + "word " * 200, message_id=f"b{turn:09x}"),
        )
    )


async def test_a_long_history_is_summarised_in_parts_and_then_the_parts() -> None:
    small = ModelCard(name="plain", capabilities=frozenset({"completion"}), context_length=2_048)
    house = House(ScriptedModel(default=saying(TEXT)), catalog=ScriptedCatalog(small))
    session_id = await house.session(*long_talk(12))
    assert await house.container.use_cases().summarize_session(session_id) == SUMMARY
    asked = [request.messages[-1].content for request in house.model.requests]
    assert len(asked) > 3
    for turn in range(12):
        assert sum(f"User: Question {turn}." in text and f"Assistant: Answer {turn}." in text for text in asked) == 1
    assert asked[-1].count("They greeted. All went well.") == len(asked) - 1
    assert {request.num_ctx for request in house.model.requests} == {1_843}


async def test_what_was_stopped_goes_on_with_the_part_that_it_had_come_to() -> None:
    small = ModelCard(name="plain", capabilities=frozenset({"completion"}), context_length=2_048)
    reply = saying(TEXT, prompt_eval_count=800)  # as an estimate says that knows nothing yet
    house = House(ScriptedModel(reply, reply, [asyncio.Event()]), catalog=ScriptedCatalog(small))
    session_id = await house.session(*long_talk(12))
    summarize = house.container.use_cases().summarize_session
    stopped = asyncio.create_task(summarize(session_id))
    await settled(lambda: len(house.model.streams) == 3)
    stopped.cancel()
    await asyncio.wait([stopped])
    first = [request.messages[-1].content for request in house.model.requests]
    await house.sessions.append(session_id, TALK, house.clock.now())
    house.model.reply_next(*[reply] * 20)
    assert await summarize(session_id) == SUMMARY
    again = [request.messages[-1].content for request in house.model.requests[3:]]
    assert first[2] == again[0]
    assert not set(first[:2]) & set(again)


async def test_a_refused_length_leads_to_smaller_parts() -> None:
    refusal = PromptTooLong("too long", prompt_tokens=None, window=None)
    house = House(ScriptedModel([refusal], default=saying(TEXT)))
    session_id = await house.session(*long_talk(20))
    assert await house.container.use_cases().summarize_session(session_id) == SUMMARY
    assert len(house.model.requests) > 1 + 2


# On demand


async def test_a_named_model_is_used_and_remembered() -> None:
    house = House(ScriptedModel(default=saying(TEXT)))
    use_cases = house.container.use_cases()
    session_id = await house.session(*TALK)
    assert await use_cases.read_summary(session_id) is None
    made = await use_cases.summarize_session(session_id, "clever")
    assert made == await use_cases.read_summary(session_id) == replace(SUMMARY, model="clever")
    assert (await house.sessions.load(session_id)).summary_model == "clever"
    assert await use_cases.summarize_session(session_id) == SUMMARY
    assert (await house.sessions.load(session_id)).summary_model == "clever"


async def test_the_first_model_that_is_used_is_remembered() -> None:
    house = House(ScriptedModel(default=saying(TEXT)))
    session_id = await house.session(*TALK)
    await house.container.use_cases().summarize_session(session_id)
    assert (await house.sessions.load(session_id)).summary_model == "plain"


async def test_what_cannot_be_done_is_told() -> None:
    house = House(summary_unsupported_models=("plain",))
    summarize = house.container.use_cases().summarize_session
    session_id, empty = await house.session(*TALK), await house.session(user())
    with pytest.raises(SummaryModelRequired):
        await summarize(session_id)
    with pytest.raises(ValidationFailed):
        await summarize(session_id, "PLAIN")
    with pytest.raises(ModelNotFound):
        await summarize(session_id, "gone")
    with pytest.raises(EmptyHistory):
        await summarize(empty, "clever")
    for unknown in ("00000000ee", "x"):
        with pytest.raises(SessionNotFound):
            await summarize(unknown)
        with pytest.raises(SessionNotFound):
            await house.container.use_cases().read_summary(unknown)
    assert house.model.requests == []


async def test_two_misfits_are_the_models_failure() -> None:
    house = House(ScriptedModel(saying("no"), saying("no")))
    session_id = await house.session(*TALK)
    with pytest.raises(ModelServerFailed) as failure:
        await house.container.use_cases().summarize_session(session_id)
    assert failure.value.code == "OLLAMA_ERROR"
    assert (await house.sessions.load(session_id)).summary_model is None


async def test_a_busy_session_is_told_with_its_run() -> None:
    house = House(ScriptedModel([asyncio.Event()]))
    session_id = await house.session(*TALK)
    async with house.say(session_id) as started:
        with pytest.raises(SessionBusy) as busy:
            await house.container.use_cases().summarize_session(session_id)
    assert busy.value.details["run_id"] == started.run.run_id
    await house.supervisor.stop()


async def test_a_turn_comes_before_a_summary_that_a_person_waits_for() -> None:
    house = House(ScriptedModel([asyncio.Event()], saying("Hi")))
    session_id = await house.session(*TALK)
    waiting = asyncio.create_task(house.container.use_cases().summarize_session(session_id))
    await settled(lambda: house.model.open_streams == 1)
    async with house.say(session_id) as started:
        await read_all(started.events)
    with pytest.raises(SessionBusy) as busy:
        await waiting
    assert busy.value.details["run_id"] == started.run.run_id
    assert house.model.streams[0].closed


async def test_a_turn_of_another_session_leaves_alone_what_a_person_waits_for() -> None:
    gate = asyncio.Event()
    house = House(ScriptedModel([gate, *saying(TEXT)], saying("Hi")))
    session_id, other = await house.session(*TALK), await house.session()
    waiting = asyncio.create_task(house.container.use_cases().summarize_session(session_id))
    await settled(lambda: house.model.open_streams == 1)
    await ask(house, other)
    gate.set()
    assert await waiting == SUMMARY


async def test_what_a_person_waits_for_takes_the_place_of_one_in_the_background() -> None:
    house = House(ScriptedModel(saying("Hi"), [asyncio.Event()], saying(TEXT)))
    session_id = await house.session()
    async with keeping(house):
        await ask(house, session_id)
        await settled(lambda: house.model.open_streams == 1)
        assert await house.container.use_cases().summarize_session(session_id) == SUMMARY
        await asyncio.sleep(0.02)
    assert len(summary_requests(house)) == 2


async def test_two_at_once_are_made_one_after_the_other() -> None:
    house = House(ScriptedModel(default=saying(TEXT)))
    summarize = house.container.use_cases().summarize_session
    session_id = await house.session(*TALK)
    assert await asyncio.gather(*(summarize(session_id) for _ in range(3))) == [SUMMARY] * 3


async def test_who_leaves_ends_it() -> None:
    house = House(ScriptedModel([asyncio.Event()]))
    waiting = asyncio.create_task(house.container.use_cases().summarize_session(await house.session(*TALK)))
    await settled(lambda: house.model.open_streams == 1)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert house.model.open_streams == 0
