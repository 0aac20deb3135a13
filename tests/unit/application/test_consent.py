"""Tools that run, tools that ask first, and what becomes of the questions."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from adapters.memory.run_store import MemoryRunStore
from adapters.memory.session_store import MemorySessionStore
from application.ports.language_model import ModelChunk, ModelEnd
from application.use_cases.follow_run import StreamPosition
from application.use_cases.update_session import SessionChange
from domain.confirmation import ConfirmationState, Decision
from domain.context_window import WindowChoice
from domain.errors import (
    ConfirmationDecided,
    ConfirmationNotFound,
    RunFailed,
    SessionBusy,
    StorageFailed,
    ValidationFailed,
)
from domain.json_value import JsonObject
from domain.message import AssistantMessage, ToolCall, ToolMessage
from domain.run import ChatRequest, Run
from domain.run_event import ConfirmationRequired, RunEvent, Snapshot, ToolResult
from domain.session import ExecutionPolicy, ToolSettings
from tests.fakes.full_disks import RefusesOneResult
from tests.fakes.house import House, names_of, read_all, read_entries, until
from tests.fakes.scripted_model import ScriptedModel, Step, saying
from tests.fakes.toolbox import FakeToolbox, echo

YES = Decision(approved=True)
NO = Decision(approved=False, reason="not today")


def call(number: int, text: str = "hi", tool_name: str = "echo") -> ToolCall:
    return ToolCall(call_id=f"call_{number}", tool_name=tool_name, arguments={"text": text})


def calling(*calls: ToolCall) -> list[Step]:
    return [ModelChunk(tool_calls=calls), ModelChunk(end=ModelEnd("stop", 10, 1, 0))]


class Gates:
    """Tools that wait until a test lets them go on, and tell which of them were begun."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.begun: list[str] = []
        self.left: list[str] = []

    async def __call__(self, arguments: JsonObject) -> str:
        text = str(arguments["text"])
        self.begun.append(text)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.left.append(text)
            raise
        return f"{text} done"


def house_of(
    *replies: list[Step],
    runs: MemoryRunStore | None = None,
    gates: Gates | None = None,
    sessions: MemorySessionStore | None = None,
) -> House:
    functions: dict[str, Callable[[JsonObject], Awaitable[str]]] = {"echo": echo, "second": echo}
    if gates:
        functions["gated"] = gates
    return House(ScriptedModel(*replies), toolbox=FakeToolbox(functions), runs=runs, sessions=sessions)


async def session_of(house: House, policy: ExecutionPolicy = "always_confirm", **policies: ExecutionPolicy) -> str:
    settings = ToolSettings(tools=("echo", "second", "gated"), execution_policy=policy, tool_policies=policies)
    return await house.session(model="clever", tool_settings=settings)


async def read_until_asked(house: House, session_id: str, questions: int = 1) -> Run:
    """The run once so many questions are open."""
    await until(
        lambda: any(len(handle.run.open_questions) == questions for handle in house.supervisor.runs_of(session_id))
    )
    return house.supervisor.runs_of(session_id)[0].run


def result_of(events: list[RunEvent], index: int = 0) -> ToolResult:
    results = [event for event in events if isinstance(event, ToolResult)]
    return results[index]


async def tool_texts(house: House, session_id: str) -> list[str]:
    return [message.content for message in await house.messages(session_id) if isinstance(message, ToolMessage)]


async def test_a_tool_that_asks_nobody_runs_and_its_result_goes_back() -> None:
    house = house_of(calling(call(1, "one")), saying("fine"))
    session_id = await session_of(house, "never_confirm")
    async with house.say(session_id) as started:
        events = await read_all(started.events)
    assert names_of(events) == [
        "run_start", "tool_call", "tool_result", "tool_continuation_start", "content_delta", "message_complete", "done",
    ]  # fmt: skip
    assert result_of(events).result == "one"
    assert [tool.name for tool in house.model.requests[0].tools] == ["echo", "second"]
    last = house.model.requests[1].messages[-1]
    assert isinstance(last, ToolMessage)
    assert (last.content, last.tool_call_id, last.tool_name) == ("one", "call_1", "echo")
    assert house.container.executions().latest()[0].tool_name == "echo"
    assert house.container.executions().statistics()["echo"].calls == 1


async def test_a_model_without_the_capability_is_offered_none_and_the_run_says_so() -> None:
    house = house_of(saying("hm"))
    settings = ToolSettings(tools=("echo",))
    session_id = await house.session(model="plain", tool_settings=settings)
    answer = await house.answer_chat(session_id, ChatRequest(message="hi"))
    assert house.model.requests[0].tools == ()
    assert list(answer.warnings) == ["The model `plain` cannot use tools; it answers without."]


async def test_a_tool_that_is_not_enabled_never_runs_whatever_the_model_says() -> None:
    house = house_of(calling(call(1)), saying("oh"))
    settings = ToolSettings(tools=("second",), execution_policy="never_confirm")
    session_id = await house.session(model="clever", tool_settings=settings)
    async with house.say(session_id) as started:
        events = await read_all(started.events)
    assert result_of(events).error_code == "TOOL_NOT_FOUND"
    assert house.toolbox.calls == []


async def test_calls_run_at_once_where_none_asks_and_results_keep_their_order() -> None:
    gates = Gates()
    house = house_of(calling(call(1, "a", "gated"), call(2, "b"), call(3, "c", "gated")), saying("ok"), gates=gates)
    session_id = await session_of(house, "never_confirm")
    async with house.say(session_id) as started:
        await until(lambda: gates.begun == ["a", "c"])
        assert house.toolbox.calls[1] == ("echo", {"text": "b"})
        gates.gate.set()
        events = await read_all(started.events)
    results = [event for event in events if isinstance(event, ToolResult)]
    assert [(event.call_index, event.result) for event in results] == [(0, "a done"), (1, "b"), (2, "c done")]
    assert await tool_texts(house, session_id) == ["a done", "b", "c done"]


async def test_an_approved_call_runs_once() -> None:
    house = house_of(calling(call(1, "one")), saying("fine"))
    session_id = await session_of(house)
    async with house.say(session_id) as started:
        run = await read_until_asked(house, session_id)
        assert run.status == "awaiting_confirmation"
        assert house.toolbox.calls == []
        [stored] = await house.runs.list_runs(session_id)
        assert stored.open_questions == run.open_questions, "kept before it is told"
        [question] = run.open_questions
        await house.confirm_tool(session_id, question.confirmation_id, YES)
        with pytest.raises(ConfirmationDecided):
            await house.confirm_tool(session_id, question.confirmation_id, NO)
        events = await read_all(started.events)
    assert names_of(events)[:3] == ["run_start", "tool_call_confirmation_required", "tool_result"]
    asked = events[1]
    assert isinstance(asked, ConfirmationRequired)
    assert (asked.confirmation_id, asked.arguments) == (question.confirmation_id, {"text": "one"})
    assert house.toolbox.calls == [("echo", {"text": "one"})]
    with pytest.raises(ConfirmationDecided):
        await house.confirm_tool(session_id, question.confirmation_id, YES)
    [ended] = await house.list_runs(session_id)
    assert (ended.status, ended.confirmations[0].state, ended.request) == ("completed", "done", None)


async def test_a_denied_call_does_not_run_and_the_model_reads_why() -> None:
    house = house_of(calling(call(1)), saying("a pity"))
    session_id = await session_of(house)
    async with house.say(session_id) as started:
        [question] = (await read_until_asked(house, session_id)).open_questions
        await house.confirm_tool(session_id, question.confirmation_id, NO)
        events = await read_all(started.events)
    assert (result_of(events).success, result_of(events).error_code) == (False, "TOOL_EXECUTION_DENIED")
    [text] = await tool_texts(house, session_id)
    assert "not today" in text
    assert house.toolbox.calls == []


async def test_changed_arguments_are_checked_used_and_noted() -> None:
    house = house_of(calling(call(1, "one")), saying("fine"))
    session_id = await session_of(house)
    async with house.say(session_id) as started:
        [question] = (await read_until_asked(house, session_id)).open_questions
        wrong = Decision(approved=True, arguments={"text": 5})
        with pytest.raises(ValidationFailed):
            await house.confirm_tool(session_id, question.confirmation_id, wrong)
        changed = Decision(approved=True, arguments={"text": "two"})
        await house.confirm_tool(session_id, question.confirmation_id, changed)
        await read_all(started.events)
    assert house.toolbox.calls == [("echo", {"text": "two"})]
    _, asked, result, _ = await house.messages(session_id)
    assert isinstance(asked, AssistantMessage)
    assert asked.tool_calls[0].arguments == {"text": "one"}, "the history keeps the model's call"
    assert result.content == '[The user changed the arguments of this call to {"text": "two"}.]\ntwo'


async def test_wrong_arguments_go_back_to_the_model_and_nobody_is_asked() -> None:
    wrong = ToolCall(call_id="call_1", tool_name="echo", arguments={"txet": "hi"})
    house = house_of(calling(wrong), saying("oh"))
    session_id = await session_of(house)
    async with house.say(session_id) as started:
        events = await read_all(started.events)
    assert result_of(events).error_code == "VALIDATION_ERROR"
    assert "tool_call_confirmation_required" not in names_of(events)


async def test_all_questions_are_asked_at_once_and_calls_made_in_their_order() -> None:
    house = house_of(calling(call(1, "a"), call(2, "b", "second"), call(3, "c")), saying("ok"))
    session_id = await session_of(house, second="never_confirm")
    async with house.say(session_id) as started:
        first, third = (await read_until_asked(house, session_id, 2)).open_questions
        assert [first.call_index, third.call_index] == [0, 2]
        await house.confirm_tool(session_id, third.confirmation_id, YES)
        assert house.toolbox.calls == []
        await house.confirm_tool(session_id, first.confirmation_id, YES)
        await read_all(started.events)
    assert [text for _, arguments in house.toolbox.calls for text in arguments.values()] == ["a", "b", "c"]


async def test_the_policy_that_counts_is_that_at_the_time_of_the_call() -> None:
    gate = asyncio.Event()
    house = house_of([gate, *calling(call(1))], calling(call(2)), saying("ok"))
    session_id = await session_of(house)
    async with house.say(session_id) as started:
        await until(lambda: bool(house.model.streams))
        await set_policy(house, session_id, "never_confirm")
        gate.set()
        events = await read_all(started.events)
    assert "tool_call_confirmation_required" not in names_of(events)
    assert len(house.toolbox.calls) == 2


async def set_policy(house: House, session_id: str, policy: ExecutionPolicy) -> None:
    await house.sessions.update(
        session_id,
        lambda session: replace(session, tool_settings=ToolSettings(tools=("echo",), execution_policy=policy)),
    )


async def test_the_last_reader_who_leaves_has_denied() -> None:
    house = house_of(calling(call(1), call(2)), saying("never"))
    session_id = await session_of(house)
    async with house.say(session_id):
        first, _ = (await read_until_asked(house, session_id, 2)).open_questions
    await until(lambda: not house.supervisor.runs_of(session_id))
    with pytest.raises(ConfirmationDecided):
        await house.confirm_tool(session_id, first.confirmation_id, YES)
    [run] = await house.list_runs(session_id)
    assert run.status == "cancelled"
    assert house.toolbox.calls == []
    assert [("Nobody" in text) for text in await tool_texts(house, session_id)] == [True, True]


async def test_a_tool_that_runs_when_its_run_is_cancelled_is_ended_and_the_history_says_so() -> None:
    gates = Gates()
    house = house_of(calling(call(1, "a"), call(2, "b", "gated"), call(3, "c", "gated")), gates=gates)
    session_id = await session_of(house, "never_confirm")
    async with house.say(session_id) as started:
        await until(lambda: gates.begun == ["b", "c"])
        await house.cancel_run(session_id)
        events = await read_all(started.events)
    assert gates.left == ["b", "c"]
    first, *others = await tool_texts(house, session_id)
    assert first == "a"
    assert all("whether it took effect is not known" in text for text in others)
    assert names_of(events)[-4:] == ["tool_result", "tool_result", "tool_result", "done"]


async def test_an_answer_belongs_to_its_own_session() -> None:
    house = house_of(calling(call(1)), saying("ok"))
    session_id, other = await session_of(house), await session_of(house)
    async with house.say(session_id):
        [question] = (await read_until_asked(house, session_id)).open_questions
        for where, which in ((other, question.confirmation_id), (session_id, "0123456789")):
            with pytest.raises(ConfirmationNotFound):
                await house.confirm_tool(where, which, YES)
        assert not house.toolbox.calls


async def test_of_many_answers_at_once_one_counts() -> None:
    house = house_of(calling(call(1)), saying("ok"))
    session_id = await session_of(house)
    async with house.say(session_id) as started:
        [question] = (await read_until_asked(house, session_id)).open_questions
        answers = [house.confirm_tool(session_id, question.confirmation_id, YES if n % 2 else NO) for n in range(100)]
        outcomes = await asyncio.gather(*answers, return_exceptions=True)
        await read_all(started.events)
    assert sum(isinstance(outcome, ConfirmationDecided) for outcome in outcomes) == 99
    assert len(house.toolbox.calls) <= 1


async def test_where_nobody_can_be_asked_the_session_is_as_it_was() -> None:
    house = house_of(
        saying("first"), calling(call(1, "done", "second")), calling(call(2), call(3, "x", "second")), saying("after")
    )
    session_id = await session_of(house, second="never_confirm")
    await house.answer_chat(session_id, ChatRequest(message="one"))
    before = await house.sessions.load(session_id)
    with pytest.raises(RunFailed) as failed:
        await house.answer_chat(session_id, ChatRequest(message="two"))
    assert failed.value.code == "TOOL_CONFIRMATION_REQUIRED"
    assert failed.value.details["tool_calls_executed"] == [
        {"tool_name": "second", "arguments": {"text": "done"}, "success": True, "result": "done"}
    ]
    assert await house.sessions.load(session_id) == before
    assert house.toolbox.calls == [("second", {"text": "done"})], "nothing of the answer that asks"
    house.model.drop_replies()
    house.model.reply_next(calling(call(4)))
    with pytest.raises(RunFailed):
        await house.answer_chat(session_id, ChatRequest(regenerate=True))
    assert await house.sessions.load(session_id) == before, "what regenerating dropped is back"


class RefusingRuns(MemoryRunStore):
    """Refuses to keep a run with a question in one of the states of `refused`."""

    refused: tuple[ConfirmationState, ...] = ()

    async def update(self, run: Run) -> None:
        if any(each.state in self.refused for each in run.confirmations):
            raise StorageFailed("The disk is full.")
        await super().update(run)


async def test_an_answer_that_cannot_be_kept_does_not_count_and_can_be_given_again() -> None:
    runs = RefusingRuns()
    house = house_of(calling(call(1)), saying("ok"), runs=runs)
    session_id = await session_of(house)
    async with house.say(session_id) as started:
        [question] = (await read_until_asked(house, session_id)).open_questions
        runs.refused = ("approved",)
        with pytest.raises(StorageFailed):
            await house.confirm_tool(session_id, question.confirmation_id, YES)
        assert house.supervisor.runs_of(session_id)[0].run.open_questions == (question,)
        runs.refused = ()
        await house.confirm_tool(session_id, question.confirmation_id, YES)
        await read_all(started.events)
    assert len(house.toolbox.calls) == 1


async def test_a_call_never_begins_whose_beginning_cannot_be_kept() -> None:
    runs = RefusingRuns()
    runs.refused = ("started",)
    house = house_of(calling(call(1)), runs=runs)
    session_id = await session_of(house)
    async with house.say(session_id) as started:
        [question] = (await read_until_asked(house, session_id)).open_questions
        await house.confirm_tool(session_id, question.confirmation_id, YES)
        events = await read_all(started.events)
    assert house.toolbox.calls == []
    assert names_of(events)[-2:] == ["error", "done"]
    assert len(await tool_texts(house, session_id)) == 1


async def test_a_result_that_could_not_be_stored_at_first_is_stored_as_it_was() -> None:
    sessions = RefusesOneResult()
    house = house_of(calling(call(1, "one"), call(2, "two")), sessions=sessions)
    session_id = await session_of(house)
    async with house.say(session_id) as started:
        first, _ = (await read_until_asked(house, session_id, 2)).open_questions
        await house.confirm_tool(session_id, first.confirmation_id, YES)
        events = await read_all(started.events)
    assert (sessions.refused, names_of(events)[-2:]) == (1, ["error", "done"])
    made, never_made = await tool_texts(house, session_id)
    assert (made, result_of(events).result) == ("one", "one")
    assert "run was ended" in never_made


async def test_a_run_that_waits_keeps_its_session() -> None:
    house = house_of(calling(call(1)), saying("ok"))
    session_id = await session_of(house)
    async with house.say(session_id):
        await read_until_asked(house, session_id)
        with pytest.raises(SessionBusy):
            async with house.say(session_id):
                pass
        snapshot = house.supervisor.runs_of(session_id)[0].snapshot()
        assert [each.tool_name for each in snapshot.confirmations] == ["echo"]
        assert snapshot.status == "awaiting_confirmation"


async def stopped(house: House, session_id: str) -> Run:
    """The run's record as a server that stops leaves it."""
    await house.supervisor.stop()
    [run] = await house.runs.list_runs(session_id)
    return run


def next_house(house: House, *replies: list[Step]) -> House:
    """The next start of the server over what this one kept."""
    after = House(
        ScriptedModel(*replies), toolbox=FakeToolbox(house.toolbox.functions), sessions=house.sessions, runs=house.runs
    )
    after.ids = house.ids
    return after


async def ask_and_leave(house: House, session_id: str, questions: int = 1) -> Run:
    request = ChatRequest(message="go", on_disconnect="continue", think="high", options={"seed": 1})
    async with house.start_run(session_id, request):
        return await read_until_asked(house, session_id, questions)


async def test_a_question_outlives_its_server_and_its_answer_goes_on_with_the_same_run() -> None:
    house = house_of(calling(call(1, "one")))
    session_id = await session_of(house)
    asked = await ask_and_leave(house, session_id)
    run = await stopped(house, session_id)
    assert (run.status, run.open_questions) == ("awaiting_confirmation", asked.open_questions)

    after = next_house(house, saying("fine"))
    await after.supervisor.resume(run)
    with pytest.raises(SessionBusy):
        async with after.say(session_id):
            pass
    async with after.follow_run(session_id, None) as followed:
        [snapshot] = await followed.events.next()
        assert snapshot.event.name == "snapshot"
        assert snapshot.sequence > (run.last_sequence or 0)
        await after.confirm_tool(session_id, run.open_questions[0].confirmation_id, YES)
        events = await read_all(followed.events)
    assert names_of(events) == [
        "tool_result", "tool_continuation_start", "content_delta", "message_complete", "done",
    ]  # fmt: skip
    request = after.model.requests[0]
    assert (request.think, request.options) == ("high", {"seed": 1})
    assert [message.role for message in await after.messages(session_id)] == ["user", "assistant", "tool", "assistant"]
    [ended] = await after.list_runs(session_id)
    assert (ended.run_id, ended.status) == (run.run_id, "completed")


async def test_a_stop_with_a_tool_at_work_keeps_the_open_question_and_never_repeats_the_call() -> None:
    gates = Gates()
    house = house_of(calling(call(1, "a", "gated"), call(2, "b"), call(3, "c", "second")), gates=gates)
    session_id = await session_of(house, second="never_confirm")
    asked = await ask_and_leave(house, session_id, 2)
    first, second = asked.open_questions
    await house.confirm_tool(session_id, first.confirmation_id, YES)
    await until(lambda: gates.begun == ["a"])
    run = await stopped(house, session_id)
    assert [each.confirmation_id for each in run.open_questions] == [second.confirmation_id]

    after = next_house(house, saying("ok"))
    await after.supervisor.resume(run)
    await after.confirm_tool(session_id, second.confirmation_id, YES)
    await until(lambda: not after.supervisor.runs_of(session_id))
    texts = await tool_texts(after, session_id)
    assert "whether it took effect is not known" in texts[0]
    assert texts[1:] == ["b", "c"]
    assert gates.begun == ["a"]


@pytest.mark.parametrize("state", ["started", "done"])
async def test_a_call_that_had_started_when_the_server_died_is_not_made_again(state: ConfirmationState) -> None:
    house = house_of(calling(call(1, "a"), call(2, "b")))
    session_id = await session_of(house)
    asked = await ask_and_leave(house, session_id, 2)
    first, second = asked.open_questions
    await stopped(house, session_id)
    decided = first.decided(YES)
    died = asked.with_confirmation(replace(decided, state=state))
    after = next_house(house, saying("ok"))
    await after.supervisor.resume(died)
    await after.confirm_tool(session_id, second.confirmation_id, NO)
    await until(lambda: not after.supervisor.runs_of(session_id))
    assert after.toolbox.calls == []
    assert len(await tool_texts(after, session_id)) == 2


async def test_a_stop_ends_a_run_that_waits_for_readers_who_are_gone() -> None:
    house = house_of(calling(call(1)))
    session_id = await session_of(house)
    async with house.say(session_id):
        await read_until_asked(house, session_id)
        run = await stopped(house, session_id)
    assert run.status == "interrupted"
    assert run.confirmations[0].state == "denied"
    assert len(await tool_texts(house, session_id)) == 1


async def test_a_question_of_another_server_is_not_said_to_be_answered() -> None:
    house = house_of(calling(call(1)))
    session_id = await session_of(house)
    other = House(sessions=house.sessions, runs=house.runs)
    async with house.say(session_id):
        [question] = (await read_until_asked(house, session_id)).open_questions
        with pytest.raises(SessionBusy):
            await other.confirm_tool(session_id, question.confirmation_id, YES)


async def test_numbers_of_events_go_on_over_every_restart() -> None:
    house = house_of(calling(call(1, "a"), call(2, "b", "second"), call(3, "c")))
    session_id = await session_of(house, second="never_confirm")
    first, third = (await ask_and_leave(house, session_id, 2)).open_questions
    run = await stopped(house, session_id)
    second_house = next_house(house)
    await second_house.supervisor.resume(run)
    async with second_house.follow_run(session_id, None) as followed:
        entries = [*await followed.events.next()]
        await second_house.confirm_tool(session_id, first.confirmation_id, YES)
        while len(entries) < 4:
            entries += await followed.events.next()
    again = await stopped(second_house, session_id)

    third_house = next_house(second_house, saying("fine"))
    await third_house.supervisor.resume(again)
    position = StreamPosition(run_id=run.run_id, after=entries[-1].sequence)
    async with third_house.follow_run(session_id, position) as followed:
        await third_house.confirm_tool(session_id, third.confirmation_id, YES)
        rest = await read_entries(followed.events)
    assert rest[0].event.name == "snapshot"
    assert rest[0].sequence > entries[-1].sequence
    assert [entry.event.name for entry in rest][-1] == "done"


async def test_who_joins_a_resumed_run_at_once_is_shown_the_answer_that_asked() -> None:
    asking = [ModelChunk("let me see"), *calling(call(1))]
    house = house_of(asking)
    session_id = await session_of(house)
    await ask_and_leave(house, session_id)
    after = next_house(house, saying("ok"))
    await after.supervisor.resume(await stopped(house, session_id))
    async with after.follow_run(session_id, None) as followed:
        [entry] = await followed.events.next()
    assert isinstance(entry.event, Snapshot)
    assert (entry.event.content, len(entry.event.confirmations)) == ("let me see", 1)


async def test_what_a_person_set_meanwhile_stays_where_the_rest_is_undone() -> None:
    gates = Gates()
    house = house_of(calling(call(1, "a", "gated")), calling(call(2)), gates=gates)
    session_id = await session_of(house, gated="never_confirm")
    asked = asyncio.create_task(house.answer_chat(session_id, ChatRequest(message="go")))
    await until(lambda: gates.begun == ["a"])
    choice = WindowChoice(manual_override=True, current_window=3000)
    await house.container.use_cases().update_session(session_id, SessionChange(context_window=choice))
    gates.gate.set()
    with pytest.raises(RunFailed):
        await asked
    session = await house.sessions.load(session_id)
    assert (session.messages, session.context_window.current_window) == ((), 3000)


async def test_calls_beyond_the_bound_on_rounds_are_said_not_to_have_been_made() -> None:
    house = House(ScriptedModel(default=calling(call(1))), toolbox=FakeToolbox({"echo": echo}), max_tool_rounds=1)
    session_id = await session_of(house, "never_confirm")
    async with house.say(session_id) as started:
        events = await read_all(started.events)
    assert names_of(events)[-3:] == ["tool_result", "error", "done"]
    assert [("not called" in text) for text in await tool_texts(house, session_id)] == [False, True]
    assert len(house.toolbox.calls) == 1


async def test_a_call_that_was_cut_off_is_reported_and_one_that_never_ran_is_not() -> None:
    gates = Gates()
    wrong = ToolCall(call_id="call_1", tool_name="echo", arguments={"txet": "hi"})
    house = house_of(calling(wrong), calling(call(2, "a", "gated")), gates=gates)
    session_id = await session_of(house, "never_confirm")
    async with house.say(session_id):
        await until(lambda: gates.begun == ["a"])
        await house.cancel_run(session_id)
    [execution] = house.container.executions().latest()
    assert (execution.tool_name, execution.success) == ("gated", False)
