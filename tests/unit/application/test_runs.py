"""A run from its request to its last event, without I/O."""

import asyncio
from dataclasses import replace

import pytest

from application.ports.language_model import ModelChunk, ModelEnd
from domain.context_window import ContextWindowConfig
from domain.errors import (
    EmptyHistory,
    ModelServerFailed,
    ModelServerUnreachable,
    RunFailed,
    SessionBusy,
    SessionNotFound,
    ValidationFailed,
)
from domain.message import AssistantMessage, SystemMessage, ToolCall, ToolMessage, UserMessage
from domain.run import ChatRequest
from domain.run_event import Done, MessageComplete, RunError, RunStart, ToolResult
from tests.fakes.house import House, names_of, read_all, read_until_text, text_of, until
from tests.fakes.scripted_model import ScriptedModel, saying


async def test_an_answer_is_streamed_piece_by_piece_and_stored() -> None:
    house = House(ScriptedModel(saying("Hel", "lo", "!")))
    session_id = await house.session()
    async with house.say(session_id, "hi") as started:
        events = await read_all(started.events)
    assert names_of(events) == ["run_start", *["content_delta"] * 3, "message_complete", "done"]
    assert text_of(events) == "Hello!"
    user, answer = await house.messages(session_id)
    assert isinstance(user, UserMessage)
    assert user.content == "hi"
    assert isinstance(answer, AssistantMessage)
    assert (answer.content, answer.done_reason, answer.model) == ("Hello!", "stop", "plain")
    assert (answer.prompt_eval_count, answer.eval_count) == (10, 3)
    complete = next(event for event in events if isinstance(event, MessageComplete))
    assert complete.message_id == answer.message_id
    assert complete.context_window.current_window == 8192
    assert complete.context_window.usage_tokens == 13
    assert complete.context_window.reason == "initial_setup"
    run = await house.get_run(session_id, started.run.run_id)
    assert (run.status, run.eval_count, run.prompt_eval_count) == ("completed", 3, 10)


async def test_the_users_message_is_stored_before_the_model_is_asked() -> None:
    gate = asyncio.Event()
    house = House(ScriptedModel([gate, *saying("late")]))
    session_id = await house.session()
    async with house.say(session_id, "keep me") as started:
        assert [message.content for message in await house.messages(session_id)] == ["keep me"]
        gate.set()
        await read_all(started.events)


async def test_the_window_stays_as_it_is_from_the_second_turn_on() -> None:
    house = House(ScriptedModel(saying("a"), saying("b")))
    session_id = await house.session()
    answers = [await house.answer_chat(session_id, ChatRequest(message="hi")) for _ in range(2)]
    assert [answer.context_window.reason for answer in answers] == ["initial_setup", "no_adjustment"]
    assert [request.num_ctx for request in house.model.requests] == [8192, 8192]
    config = (await house.sessions.load(session_id)).context_window
    assert [adjustment.reason for adjustment in config.adjustment_history] == ["initial_setup"]


async def test_without_dynamic_windows_none_is_asked_for() -> None:
    house = House(dynamic_window_enabled=False)
    answer = await house.answer_chat(await house.session(), ChatRequest(message="hi"))
    assert house.model.requests[0].num_ctx is None
    assert answer.context_window.current_window is None


async def test_a_small_model_gets_its_safe_limit() -> None:
    house = House()
    await house.answer_chat(await house.session(model="clever"), ChatRequest(message="hi"))
    assert house.model.requests[0].num_ctx == 7372


@pytest.mark.parametrize(("model", "wanted", "sent"), [("plain", True, None), ("clever", "high", "high")])
async def test_thinking_is_asked_of_those_that_can(model: str, wanted: bool, sent: object) -> None:
    house = House()
    session_id = await house.session(model=model)
    answer = await house.answer_chat(session_id, ChatRequest(message="hi", think=wanted))
    assert house.model.requests[0].think == sent
    assert bool(answer.warnings) is (sent is None)


async def test_a_thinking_model_is_told_not_to_think() -> None:
    house = House()
    await house.answer_chat(await house.session(model="clever"), ChatRequest(message="hi"))
    assert house.model.requests[0].think is False


async def test_thinking_is_streamed_and_stored_apart_from_the_text() -> None:
    house = House(ScriptedModel([ModelChunk(thinking="hm "), ModelChunk(thinking="so"), *saying("yes")]))
    session_id = await house.session(model="clever")
    async with house.start_run(session_id, ChatRequest(message="?", think=True)) as started:
        events = await read_all(started.events)
    assert names_of(events)[1:4] == ["thinking_delta", "thinking_delta", "content_delta"]
    answer = (await house.messages(session_id))[-1]
    assert isinstance(answer, AssistantMessage)
    assert (answer.thinking, answer.content) == ("hm so", "yes")


async def test_text_that_rides_in_the_last_chunk_is_not_lost() -> None:
    house = House(ScriptedModel([ModelChunk("a"), ModelChunk("b", end=ModelEnd())]))
    answer = await house.answer_chat(await house.session(), ChatRequest(message="hi"))
    assert answer.message is not None
    assert answer.message.content == "ab"


async def test_a_failure_of_the_model_keeps_the_text_and_ends_with_error_and_done() -> None:
    house = House(ScriptedModel([ModelChunk("half "), ModelServerFailed("it broke")]))
    session_id = await house.session()
    async with house.say(session_id) as started:
        events = await read_all(started.events)
    error = events[-2]
    assert isinstance(error, RunError)
    assert (error.code, error.message, error.retryable) == ("OLLAMA_ERROR", "it broke", True)
    assert events[-1] == Done(session_id=session_id, run_id=started.run.run_id, status="failed")
    partial = (await house.messages(session_id))[-1]
    assert isinstance(partial, AssistantMessage)
    assert (partial.content, partial.done_reason) == ("half ", "error")
    run = await house.get_run(session_id, started.run.run_id)
    assert run.error is not None
    assert run.error.code == "OLLAMA_ERROR"


async def test_a_failure_before_any_text_leaves_the_question_alone() -> None:
    house = House(ScriptedModel([ModelServerUnreachable("no Ollama")]))
    session_id = await house.session()
    with pytest.raises(RunFailed) as failure:
        await house.answer_chat(session_id, ChatRequest(message="hi"))
    assert failure.value.code == "OLLAMA_UNREACHABLE"
    assert [message.role for message in await house.messages(session_id)] == ["user"]
    answer = await house.answer_chat(session_id, ChatRequest())
    assert answer.message is not None
    assert answer.message.content == "ok"
    assert [message.role for message in await house.messages(session_id)] == ["user", "assistant"]


async def test_a_model_that_is_gone_is_an_error_of_the_run_and_the_question_is_kept() -> None:
    house = House()
    session_id = await house.session(model="gone")
    with pytest.raises(RunFailed) as failure:
        await house.answer_chat(session_id, ChatRequest(message="hi"))
    assert failure.value.code == "MODEL_NOT_FOUND"
    assert [message.content for message in await house.messages(session_id)] == ["hi"]


async def test_a_fault_of_our_own_still_ends_the_run() -> None:
    house = House(ScriptedModel([ModelChunk("x"), RuntimeError("a secret detail")]))
    session_id = await house.session()
    with pytest.raises(RunFailed) as failure:
        await house.answer_chat(session_id, ChatRequest(message="hi"))
    assert failure.value.code == "INTERNAL_ERROR"
    assert "secret" not in failure.value.message
    assert (await house.messages(session_id))[-1].content == "x"
    assert house.supervisor.run_at_work(session_id) is None


async def test_a_last_assistant_message_is_continued_in_place() -> None:
    house = House(ScriptedModel([ModelChunk("one "), ModelServerFailed("cut")], saying("two")))
    session_id = await house.session()
    with pytest.raises(RunFailed):
        await house.answer_chat(session_id, ChatRequest(message="count"))
    first = (await house.messages(session_id))[-1]
    async with house.start_run(session_id, ChatRequest()) as started:
        events = await read_all(started.events)
    assert text_of(events) == "two"
    messages = await house.messages(session_id)
    assert len(messages) == 2
    answer = messages[-1]
    assert isinstance(answer, AssistantMessage)
    assert (answer.content, answer.message_id, answer.done_reason) == ("one two", first.message_id, "stop")
    assert house.model.requests[1].messages[-1].content == "one "


async def test_regenerate_drops_what_follows_the_last_user_message() -> None:
    house = House(ScriptedModel(saying("first"), saying("second")))
    session_id = await house.session()
    await house.answer_chat(session_id, ChatRequest(message="hi"))
    await house.answer_chat(session_id, ChatRequest(regenerate=True))
    assert [message.content for message in await house.messages(session_id)] == ["hi", "second"]
    assert [message.content for message in house.model.requests[1].messages] == ["hi"]


@pytest.mark.parametrize("request_", [ChatRequest(), ChatRequest(regenerate=True)])
async def test_nothing_but_a_system_prompt_cannot_be_answered(request_: ChatRequest) -> None:
    house = House()
    prompt = SystemMessage(message_id="00000000aa", timestamp=house.clock.now(), content="be kind")
    session_id = await house.session(prompt)
    with pytest.raises(EmptyHistory):
        await house.answer_chat(session_id, request_)
    assert await house.list_runs(session_id) == []


async def test_pictures_for_a_blind_model_are_refused_and_nothing_is_stored() -> None:
    house = House()
    session_id = await house.session()
    with pytest.raises(ValidationFailed):
        await house.answer_chat(session_id, ChatRequest(message="look", images=("aGk=",)))
    assert await house.messages(session_id) == ()


async def test_a_session_that_is_not_there() -> None:
    house = House()
    for session_id in ("0123456789", "no id", "../../etc"):
        with pytest.raises(SessionNotFound):
            await house.answer_chat(session_id, ChatRequest(message="hi"))


def calling(*calls: ToolCall, text: str = "") -> list[ModelChunk]:
    first, *rest = calls
    return [ModelChunk(text, tool_calls=(first,)), ModelChunk(tool_calls=tuple(rest), end=ModelEnd(eval_count=5))]


WEATHER = ToolCall(call_id="call_1", tool_name="weather", arguments={"city": "Paris"})
TIME = ToolCall(call_id="call_2", tool_name="time", arguments={})


async def test_calls_of_any_chunk_are_gathered_and_each_is_followed_by_its_result() -> None:
    house = House(ScriptedModel(calling(WEATHER, TIME, text="let me see"), saying("I cannot")))
    session_id = await house.session()
    answer = await house.answer_chat(session_id, ChatRequest(message="weather?"))
    user, asked, first, second, said = await house.messages(session_id)
    assert isinstance(asked, AssistantMessage)
    assert asked.tool_calls == (WEATHER, TIME)
    assert isinstance(first, ToolMessage)
    assert isinstance(second, ToolMessage)
    assert (first.tool_call_id, second.tool_call_id) == ("call_1", "call_2")
    assert said.content == "I cannot"
    assert [message.message_id for message in house.model.requests[1].messages] == [
        message.message_id for message in (user, asked, first, second)
    ]
    assert [(call.tool_name, call.arguments, call.success) for call in answer.calls] == [
        ("weather", {"city": "Paris"}, False),
        ("time", {}, False),
    ]
    run = await house.get_run(session_id, answer.run_id)
    assert run.eval_count == 6, "the tokens of all rounds"


async def test_the_events_of_a_refused_call() -> None:
    house = House(ScriptedModel(calling(WEATHER), saying("no")))
    async with house.say(await house.session()) as started:
        events = await read_all(started.events)
    assert names_of(events) == [
        "run_start", "tool_result", "tool_continuation_start", "content_delta", "message_complete", "done",
    ]  # fmt: skip
    result = events[1]
    assert isinstance(result, ToolResult)
    assert (result.tool_call_id, result.call_index, result.error_code) == ("call_1", 0, "TOOL_NOT_FOUND")


async def test_a_model_that_never_stops_calling_is_stopped_with_a_sound_history() -> None:
    house = House(ScriptedModel(default=calling(WEATHER)), max_tool_rounds=3)
    session_id = await house.session()
    with pytest.raises(RunFailed) as failure:
        await house.answer_chat(session_id, ChatRequest(message="weather?"))
    assert failure.value.code == "TOOL_ROUNDS_EXCEEDED"
    assert [message.role for message in await house.messages(session_id)] == [
        "user", *["assistant", "tool"] * 4,
    ]  # fmt: skip


async def test_cancel_keeps_the_text_and_closes_the_stream_to_the_model() -> None:
    house = House(ScriptedModel([ModelChunk("some "), ModelChunk("text"), asyncio.Event()]))
    session_id = await house.session()
    async with house.say(session_id) as started:
        await read_until_text(started.events, "some text")
        run = await house.cancel_run(session_id)
        events = await read_all(started.events)
    assert run.status == "cancelled"
    assert names_of(events) == ["done"]
    assert house.model.open_streams == 0
    partial = (await house.messages(session_id))[-1]
    assert isinstance(partial, AssistantMessage)
    assert (partial.content, partial.done_reason) == ("some text", "cancelled")


async def test_a_cancel_before_any_text_leaves_no_message() -> None:
    house = House(ScriptedModel([asyncio.Event()]))
    session_id = await house.session()
    async with house.say(session_id):
        assert (await house.cancel_run(session_id)).status == "cancelled"
    assert [message.role for message in await house.messages(session_id)] == ["user"]


async def test_the_plain_answer_of_a_cancelled_run_is_what_it_wrote() -> None:
    house = House(ScriptedModel([ModelChunk("some"), asyncio.Event()]))
    session_id = await house.session()
    waiting = asyncio.ensure_future(house.answer_chat(session_id, ChatRequest(message="hi")))
    await until(lambda: bool(house.supervisor.runs_of(session_id)) and house.written(session_id) == "some")
    await house.cancel_run(session_id)
    answer = await waiting
    assert answer.status == "cancelled"
    assert answer.message is not None
    assert (answer.message.content, answer.message.done_reason) == ("some", "cancelled")


async def test_one_run_at_a_time_by_default() -> None:
    gate = asyncio.Event()
    house = House(ScriptedModel([gate, *saying("first")]))
    session_id = await house.session()
    async with house.say(session_id) as started:
        with pytest.raises(SessionBusy) as busy:
            await house.answer_chat(session_id, ChatRequest(message="me too"))
        assert busy.value.details["run_id"] == started.run.run_id
        gate.set()
        await read_all(started.events)
    assert [message.content for message in await house.messages(session_id)] == ["hello", "first"]


async def test_run_start_is_the_first_event_of_a_run_that_waits_and_its_message_is_stored_in_its_turn() -> None:
    gate = asyncio.Event()
    house = House(ScriptedModel([gate, *saying("one")], saying("two"), saying("three")))
    session_id = await house.session()
    async with (
        house.say(session_id, "1") as first,
        house.start_run(session_id, ChatRequest(message="2", if_busy="enqueue")) as second,
        house.start_run(session_id, ChatRequest(message="3", if_busy="enqueue")) as third,
    ):
        start = (await second.events.next())[0].event
        assert isinstance(start, RunStart)
        assert [message.content for message in await house.messages(session_id)] == ["1"]
        statuses = [run.status for run in await house.list_runs(session_id)]
        assert sorted(statuses) == ["queued", "queued", "running"]
        gate.set()
        for started in (first, second, third):
            await read_all(started.events)
    assert [message.content for message in await house.messages(session_id)] == ["1", "one", "2", "two", "3", "three"]


async def test_interrupt_ends_the_run_at_work_and_goes_next() -> None:
    house = House(ScriptedModel([ModelChunk("long "), asyncio.Event()], saying("now"), saying("later")))
    session_id = await house.session()
    async with house.say(session_id, "1") as first:
        await read_until_text(first.events, "long ")
        async with house.start_run(session_id, ChatRequest(message="later", if_busy="enqueue")) as waiting:
            async with house.start_run(session_id, ChatRequest(message="now!", if_busy="interrupt")) as urgent:
                assert (await read_all(first.events))[-1] == Done(
                    session_id=session_id, run_id=first.run.run_id, status="cancelled"
                )
                await read_all(urgent.events)
            await read_all(waiting.events)
    assert [message.content for message in await house.messages(session_id)] == [
        "1", "long ", "now!", "now", "later", "later",
    ]  # fmt: skip


async def test_a_waiting_run_can_be_cancelled_and_leaves_nothing() -> None:
    house = House(ScriptedModel([asyncio.Event()]))
    session_id = await house.session()
    async with house.say(session_id) as first:
        request = ChatRequest(message="2", if_busy="enqueue")
        async with house.start_run(session_id, request) as waiting:
            run = await house.cancel_run(session_id, waiting.run.run_id)
            assert run.status == "cancelled"
            assert names_of(await read_all(waiting.events)) == ["run_start", "done"]
        at_work = house.supervisor.run_at_work(session_id)
        assert at_work is not None
        assert at_work.run_id == first.run.run_id
    assert [message.content for message in await house.messages(session_id)] == ["hello"]


def picture(house: House) -> UserMessage:
    return UserMessage(message_id="00000000aa", timestamp=house.clock.now(), content="look", images=("aGk=",))


async def test_a_model_without_eyes_is_not_shown_old_pictures_and_the_history_keeps_them() -> None:
    house = House()
    session_id = await house.session(picture(house))
    answer = await house.answer_chat(session_id, ChatRequest(message="and now?"))
    shown = house.model.requests[0].messages
    assert [message.images for message in shown if isinstance(message, UserMessage)] == [(), ()]
    assert "cannot see" in answer.warnings[0]
    kept = (await house.messages(session_id))[0]
    assert isinstance(kept, UserMessage)
    assert kept.images == ("aGk=",)


async def test_a_model_with_eyes_is_shown_old_pictures() -> None:
    house = House()
    session_id = await house.session(picture(house), model="clever")
    answer = await house.answer_chat(session_id, ChatRequest(message="and now?"))
    first = house.model.requests[0].messages[0]
    assert isinstance(first, UserMessage)
    assert first.images == ("aGk=",)
    assert list(answer.warnings) == []


async def test_a_continuation_that_is_cut_keeps_the_counts_of_what_it_continued() -> None:
    house = House(ScriptedModel(saying("one "), [ModelChunk("two"), ModelServerFailed("cut")]))
    session_id = await house.session()
    await house.answer_chat(session_id, ChatRequest(message="count"))
    with pytest.raises(RunFailed):
        await house.answer_chat(session_id, ChatRequest())
    message = (await house.messages(session_id))[-1]
    assert isinstance(message, AssistantMessage)
    assert (message.content, message.eval_count, message.prompt_eval_count) == ("one two", 1, 10)


async def test_a_window_beyond_the_model_is_asked_for_no_larger_than_the_model_can() -> None:
    house = House()
    session_id = await house.session()
    beyond = ContextWindowConfig(current_window=10**9, manual_override=True)
    await house.sessions.update(session_id, lambda session: replace(session, context_window=beyond))
    await house.answer_chat(session_id, ChatRequest(message="hi"))
    assert house.model.requests[0].num_ctx == 32_768
