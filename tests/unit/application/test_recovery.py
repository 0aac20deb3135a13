"""What a start makes of runs that dead servers left, where their session has moved on without them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.memory.session_store import MemorySessionStore
from application.ports.language_model import ModelChunk, ModelEnd
from application.ports.run_store import AbandonedRun
from domain.confirmation import ConfirmationState, Decision
from domain.errors import ConfirmationDecided, StorageFailed
from domain.json_value import JsonObject
from domain.message import AssistantMessage, ToolCall, ToolMessage
from domain.run import ChatRequest, PartialAnswer, Run
from domain.session import Session, ToolSettings
from tests.fakes.dead_runs import RunsOfTheDead
from tests.fakes.house import House, read_all, until
from tests.fakes.scripted_model import ScriptedModel, Step, saying
from tests.fakes.toolbox import FakeToolbox, Function, echo

YES = Decision(approved=True)


def calling(text: str) -> list[Step]:
    """Always under the same id, as some models do."""
    tool_call = ToolCall(call_id="call_0", tool_name="echo", arguments={"text": text})
    return [ModelChunk(tool_calls=(tool_call,)), ModelChunk(end=ModelEnd("stop", 10, 1, 0))]


def first_server(*replies: Sequence[Step], sessions: MemorySessionStore | None = None) -> House:
    return House(ScriptedModel(*replies), toolbox=FakeToolbox({"echo": echo}), sessions=sessions)


def server_after(
    house: House, *replies: Sequence[Step], left: Sequence[AbandonedRun] = (), tool: Function = echo
) -> House:
    """Another one over the same sessions, a minute later. It knows no other runs than those that are `left`."""
    house.clock.advance(60)
    runs = RunsOfTheDead()
    runs.left_behind = list(left)
    return House(
        ScriptedModel(*replies),
        toolbox=FakeToolbox({"echo": tool}),
        sessions=house.sessions,
        runs=runs,
        ids=house.ids,
        clock=house.clock,
    )


async def session_of(house: House) -> str:
    return await house.session(model="clever", tool_settings=ToolSettings(tools=("echo",)))


async def set_to_ask_nobody(house: House, session_id: str) -> None:
    settings = ToolSettings(tools=("echo",), execution_policy="never_confirm")
    await house.sessions.update(session_id, lambda session: replace(session, tool_settings=settings))


async def left_asking(house: House, session_id: str, text: str = "first") -> AbandonedRun:
    """A run of this server that waits for a person, as its stop leaves it."""
    async with house.start_run(session_id, ChatRequest(message=text, on_disconnect="continue")) as started:
        handle = house.supervisor.runs_of(session_id)[0]
        await until(lambda: bool(handle.run.open_questions))
        await house.supervisor.stop()
    run = next(run for run in await house.runs.list_runs(session_id) if run.run_id == started.run.run_id)
    assert run.outlives_its_server
    return AbandonedRun(run=run, partial=None)


async def recover(house: House) -> None:
    """Within seconds: a start that waits for a person would never end."""
    async with asyncio.timeout(5):
        await house.recover()


async def texts(house: House, session_id: str) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in await house.messages(session_id)]


async def test_a_run_whose_session_was_gone_on_with_is_ended_and_says_nothing_more() -> None:
    first = first_server(calling("one"))
    session_id = await session_of(first)
    left = await left_asking(first, session_id)
    between = server_after(first, saying("Something else."))
    await between.answer_chat(session_id, ChatRequest(message="second"))
    before = await between.messages(session_id)

    after = server_after(between, left=[left])
    await recover(after)

    assert after.supervisor.all_runs() == []
    assert after.model.requests == []
    assert await after.messages(session_id) == before
    [run] = await after.list_runs(session_id)
    assert (run.run_id, run.status) == (left.run.run_id, "interrupted")
    with pytest.raises(ConfirmationDecided):
        await after.confirm_tool(session_id, left.run.confirmations[0].confirmation_id, YES)


async def test_so_is_one_whose_session_was_put_back_to_what_it_was_before() -> None:
    first = first_server(saying("Hello."), calling("one"))
    session_id = await session_of(first)
    await first.answer_chat(session_id, ChatRequest(message="hi"))
    backup = await first.sessions.load(session_id)
    left = await left_asking(first, session_id)
    await first.sessions.update(session_id, lambda _: backup)

    after = server_after(first, left=[left])
    await recover(after)

    assert after.supervisor.all_runs() == []
    assert after.model.requests == []
    assert await after.messages(session_id) == backup.messages


@pytest.mark.parametrize("is_newest_first", [False, True])
async def test_of_two_that_wait_the_one_whose_calls_end_the_history_goes_on(is_newest_first: bool) -> None:
    first = first_server(calling("one"))
    session_id = await session_of(first)
    older = await left_asking(first, session_id)
    second = server_after(first, calling("two"))
    newer = await left_asking(second, session_id, "second")
    left = [newer, older] if is_newest_first else [older, newer]

    after = server_after(second, saying("Done."), left=left)
    await recover(after)

    [handle] = after.supervisor.all_runs()
    assert handle.run.run_id == newer.run.run_id
    async with after.follow_run(session_id, None) as followed:
        await after.confirm_tool(session_id, newer.run.open_questions[0].confirmation_id, YES)
        await read_all(followed.events)
    assert after.toolbox.calls == [("echo", {"text": "two"})]
    assert (await texts(after, session_id))[3:] == [
        ("user", "second"), ("assistant", ""), ("tool", "two"), ("assistant", "Done."),
    ]  # fmt: skip
    statuses = {run.run_id: run.status for run in await after.list_runs(session_id)}
    assert statuses == {older.run.run_id: "interrupted", newer.run.run_id: "completed"}


async def test_a_call_that_was_approved_and_had_not_begun_is_still_made() -> None:
    first = first_server(calling("one"))
    session_id = await session_of(first)
    left = await left_asking(first, session_id)
    [question] = left.run.confirmations
    approved = left.run.with_confirmation(question.decided(YES))

    after = server_after(first, saying("Done."), left=[replace(left, run=approved)])
    await recover(after)
    await until(lambda: not after.supervisor.all_runs())

    assert after.toolbox.calls == [("echo", {"text": "one"})]
    assert (await texts(after, session_id))[2:] == [("tool", "one"), ("assistant", "Done.")]


def cut_run(house: House, session_id: str) -> AbandonedRun:
    """A run that a killed server left with some text, a minute before `house` was there."""
    run = Run(run_id="00000000000000dd", session_id=session_id, status="running", created_at=house.clock.now())
    house.clock.advance(60)
    text = AssistantMessage(
        message_id="00000000ee", timestamp=run.created_at, content="half", model="clever", done_reason="interrupted"
    )
    return AbandonedRun(run=run, partial=PartialAnswer(session_id=session_id, run_id=run.run_id, message=text))


async def test_the_text_of_a_dead_run_leaves_the_calls_alone_with_which_a_newer_one_waits() -> None:
    first = first_server(calling("one"))
    session_id = await session_of(first)
    cut = cut_run(first, session_id)
    waiting = await left_asking(first, session_id)

    after = server_after(first, saying("Done."), left=[cut, waiting])
    await recover(after)
    await after.confirm_tool(session_id, waiting.run.open_questions[0].confirmation_id, YES)
    await until(lambda: not after.supervisor.all_runs())

    assert await texts(after, session_id) == [
        ("user", "first"), ("assistant", "half"), ("assistant", ""), ("tool", "one"), ("assistant", "Done."),
    ]  # fmt: skip


async def left_with_two_questions(house: House, session_id: str) -> AbandonedRun:
    """A run that does not outlive its server, as a kill leaves it: it asks about two calls of one id."""
    async with house.start_run(session_id, ChatRequest(message="first", on_disconnect="cancel")):
        handle = house.supervisor.runs_of(session_id)[0]
        await until(lambda: len(handle.run.open_questions) == 2)
        run = handle.run
        await house.supervisor.stop()
    await house.sessions.update(session_id, lambda session: replace(session, messages=session.messages[:2]))
    return AbandonedRun(run=run, partial=None)


NOT_CALLED = "Error: The tool was not called: the run was over first."
NOT_KNOWN = "No result: the run ended before the tool had one. Whether the call took effect is not known."


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("pending", NOT_CALLED),
        ("approved", NOT_CALLED),
        ("denied", "Error: The user did not allow this call. Do not repeat it as it is. Reason: Too many."),
        ("started", NOT_KNOWN),
    ],
)
async def test_what_a_person_was_asked_and_said_tells_what_became_of_a_dead_runs_calls(
    state: ConfirmationState, words: str
) -> None:
    calls = tuple(ToolCall(call_id="call_0", tool_name="echo", arguments={"text": text}) for text in ("one", "two"))
    first = first_server([ModelChunk(tool_calls=calls), ModelChunk(end=ModelEnd("tool_calls", 10, 1, 0))])
    session_id = await session_of(first)
    left = await left_with_two_questions(first, session_id)
    other, question = left.run.confirmations
    answered = replace(question, state=state, decision=Decision(approved=state != "denied", reason="Too many."))
    run = replace(left.run, confirmations=(other, answered))

    after = server_after(first, left=[AbandonedRun(run=run, partial=None)])
    await recover(after)

    assert (await texts(after, session_id))[2:] == [("tool", NOT_CALLED), ("tool", words)]


async def test_a_question_whose_call_has_its_result_tells_nothing_of_another_call_just_like_it() -> None:
    call = ToolCall(call_id="call_0", tool_name="echo", arguments={"text": "one"})
    first = first_server([ModelChunk(tool_calls=(call, call)), ModelChunk(end=ModelEnd("tool_calls", 10, 1, 0))])
    session_id = await session_of(first)
    left = await left_with_two_questions(first, session_id)
    result = ToolMessage(
        message_id="00000000fe", timestamp=first.clock.now(), content="one", tool_name="echo", tool_call_id="call_0"
    )
    await first.sessions.append(session_id, (result,), first.clock.now())
    called, waiting = left.run.confirmations
    run = replace(left.run, confirmations=(replace(called, state="done", decision=YES), waiting))

    after = server_after(first, left=[AbandonedRun(run=run, partial=None)])
    await recover(after)

    assert (await texts(after, session_id))[2:] == [("tool", "one"), ("tool", NOT_CALLED)]


async def test_a_question_about_an_earlier_call_of_the_same_id_tells_nothing() -> None:
    first = first_server(calling("one"))
    session_id = await session_of(first)
    left = await left_asking(first, session_id)
    denied = replace(left.run.confirmations[0], state="denied", decision=Decision(approved=False))
    first.clock.advance(60)
    again = AssistantMessage(
        message_id="00000000ff",
        timestamp=first.clock.now(),
        content="",
        model="clever",
        tool_calls=(ToolCall(call_id="call_0", tool_name="echo", arguments={"text": "one"}),),
    )
    done = ToolMessage(
        message_id="00000000fe", timestamp=first.clock.now(), content="one", tool_name="echo", tool_call_id="call_0"
    )
    await first.sessions.append(session_id, (done, again), first.clock.now())

    run = replace(left.run, confirmations=(denied,))
    after = server_after(first, left=[AbandonedRun(run=run, partial=None)])
    await recover(after)

    assert (await texts(after, session_id))[2:] == [("tool", "one"), ("assistant", ""), ("tool", NOT_KNOWN)]


class Gate:
    """A tool that waits until a test lets it go on."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()

    async def __call__(self, _: JsonObject) -> str:
        await self.opened.wait()
        return "rain"


async def recovered_beside(living: House, session_id: str, left: AbandonedRun) -> House:
    """Another server that starts while `living` works on the session: it sees that run, and that it is not dead."""
    starting = server_after(living, left=[left])
    await starting.runs.claim(living.supervisor.runs_of(session_id)[0].run)
    await recover(starting)
    return starting


async def test_ending_a_dead_run_leaves_the_calls_of_a_living_server_alone() -> None:
    first, gate = first_server(), Gate()
    session_id = await session_of(first)
    await set_to_ask_nobody(first, session_id)
    cut = cut_run(first, session_id)
    living = server_after(first, calling("one"), saying("It rains."), tool=gate)
    async with living.say(session_id, "second") as started:
        await until(lambda: bool(living.toolbox.calls))
        starting = await recovered_beside(living, session_id, cut)
        gate.opened.set()
        await read_all(started.events)

    assert await texts(living, session_id) == [
        ("user", "second"), ("assistant", "half"), ("assistant", ""), ("tool", "rain"), ("assistant", "It rains."),
    ]  # fmt: skip
    assert (await starting.get_run(session_id, cut.run.run_id)).status == "interrupted"


async def test_a_run_that_waits_does_not_take_the_call_of_a_living_server_for_its_own() -> None:
    first, gate = first_server(calling("one")), Gate()
    session_id = await session_of(first)
    left = await left_asking(first, session_id)
    await set_to_ask_nobody(first, session_id)
    living = server_after(first, calling("one"), saying("It rains."), tool=gate)
    async with living.say(session_id, "second") as started:
        await until(lambda: bool(living.toolbox.calls))
        starting = await recovered_beside(living, session_id, left)
        assert starting.supervisor.all_runs() == []
        gate.opened.set()
        await read_all(started.events)

    assert (await texts(living, session_id))[3:] == [
        ("user", "second"), ("assistant", ""), ("tool", "rain"), ("assistant", "It rains."),
    ]  # fmt: skip
    assert (await starting.get_run(session_id, left.run.run_id)).status == "interrupted"


class Unreadable(MemorySessionStore):
    """Cannot read a session for the time being."""

    is_broken = False

    async def load(self, session_id: str) -> Session:
        if self.is_broken:
            raise StorageFailed("The disk does not answer.")
        return await super().load(session_id)


async def test_a_session_that_cannot_be_read_just_now_keeps_its_run_for_the_next_start() -> None:
    sessions = Unreadable()
    first = first_server(calling("one"), sessions=sessions)
    session_id = await session_of(first)
    left = await left_asking(first, session_id)
    after = server_after(first, left=[left])
    sessions.is_broken = True

    await recover(after)

    assert after.supervisor.all_runs() == []
    assert list(await after.runs.list_runs(session_id)) == [], "nothing was kept of it"
    sessions.is_broken = False
    await recover(after)
    assert [handle.run.run_id for handle in after.supervisor.all_runs()] == [left.run.run_id]
    assert not any(isinstance(message, ToolMessage) for message in await after.messages(session_id))
