"""Readers who leave, come back, come late or come twice."""

import asyncio
from dataclasses import replace

import pytest

from application.ports.language_model import ModelChunk
from application.use_cases.follow_run import StreamPosition
from domain.errors import IdempotencyConflict, RunNotAtWork, RunNotFound, SessionNotFound
from domain.run import ChatRequest
from domain.run_event import Done, Snapshot
from tests.fakes.house import House, names_of, read_all, read_entries, read_until_text, text_of, until
from tests.fakes.scripted_model import ScriptedModel, Step, saying

STAY = ChatRequest(message="hi", on_disconnect="continue")


def gated(*texts: str) -> tuple[asyncio.Event, list[Step]]:
    """An answer whose last piece waits for the event."""
    gate = asyncio.Event()
    *steps, last, end = saying(*texts)
    return gate, [*steps, gate, last, end]


async def test_the_run_ends_when_its_last_reader_leaves() -> None:
    house = House(ScriptedModel([ModelChunk("some"), asyncio.Event()]))
    session_id = await house.session()
    async with house.say(session_id) as started:
        await read_until_text(started.events, "some")
        async with house.follow_run(session_id, None):
            pass
        assert house.supervisor.run_at_work(session_id) is not None, "the first reader is still there"
    await until(lambda: house.supervisor.run_at_work(session_id) is None)
    assert (await house.get_run(session_id, started.run.run_id)).status == "cancelled"
    assert (await house.messages(session_id))[-1].content == "some"


async def test_a_reader_who_is_cut_off_while_the_run_begins_ends_it() -> None:
    house = House(ScriptedModel([asyncio.Event()]))
    session_id = await house.session()
    task = asyncio.ensure_future(house.answer_chat(session_id, ChatRequest(message="hi")))
    await until(lambda: bool(house.supervisor.runs_of(session_id)))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not house.supervisor.runs_of(session_id))
    assert [run.status for run in await house.list_runs(session_id)] == ["cancelled"]
    assert [message.role for message in await house.messages(session_id)] == ["user"]


async def test_with_continue_the_run_goes_on_and_can_be_read_to_its_end() -> None:
    gate, reply = gated("a", "b", "c")
    house = House(ScriptedModel(reply))
    session_id = await house.session()
    async with house.start_run(session_id, STAY) as started:
        had = await read_until_text(started.events, "ab")
    assert house.supervisor.run_at_work(session_id) is not None
    position = StreamPosition(run_id=started.run.run_id, after=had[-1].sequence)
    async with house.follow_run(session_id, position) as followed:
        gate.set()
        rest = await read_entries(followed.events)
    sequences = [entry.sequence for entry in [*had, *rest]]
    assert sequences == list(range(1, len(sequences) + 1))
    assert text_of([entry.event for entry in [*had, *rest]]) == "abc"


async def test_without_a_position_the_run_at_work_is_read_from_its_start() -> None:
    gate, reply = gated("a", "b")
    house = House(ScriptedModel(reply))
    session_id = await house.session()
    async with house.start_run(session_id, STAY) as started, house.follow_run(session_id, None) as followed:
        gate.set()
        assert await read_all(followed.events) == await read_all(started.events)


async def test_without_a_run_at_work_the_latest_is_read_again() -> None:
    house = House(ScriptedModel(saying("old"), saying("new")))
    session_id = await house.session()
    for text in ("1", "2"):
        await house.answer_chat(session_id, ChatRequest(message=text))
        house.clock.advance(1)
    async with house.follow_run(session_id, None) as followed:
        assert text_of(await read_all(followed.events)) == "new"


async def test_a_reader_who_had_everything_is_told_so() -> None:
    house = House()
    session_id = await house.session()
    answer = await house.answer_chat(session_id, ChatRequest(message="hi"))
    state = house.log.state(answer.run_id)
    assert state is not None
    position = StreamPosition(run_id=answer.run_id, after=state.last_sequence)
    async with house.follow_run(session_id, position) as followed:
        assert followed.is_at_end


@pytest.mark.parametrize("after", [0, 3])
async def test_long_after_its_end_a_run_is_read_as_a_snapshot(after: int) -> None:
    house = House(ScriptedModel(saying("the ", "text")))
    session_id = await house.session()
    answer = await house.answer_chat(session_id, ChatRequest(message="hi"))
    house.clock.advance(3600)
    await house.answer_chat(await house.session(), ChatRequest(message="another"))
    async with house.follow_run(session_id, StreamPosition(run_id=answer.run_id, after=after)) as followed:
        assert not followed.is_at_end
        snapshot, done = await read_entries(followed.events)
    assert answer.message is not None
    assert snapshot.event == Snapshot(
        run_id=answer.run_id, status="completed", message_id=answer.message.message_id, content="the text", thinking=""
    )
    async with house.follow_run(session_id, StreamPosition(run_id=answer.run_id, after=done.sequence)) as again:
        assert again.is_at_end


async def test_a_slow_reader_gets_a_snapshot_of_the_text_so_far_and_then_the_rest() -> None:
    gate, reply = gated(*["word "] * 100, "end")
    house = House(ScriptedModel(reply), replay_bytes=2_000)
    session_id = await house.session()
    async with house.say(session_id) as started:
        await until(lambda: house.written(session_id) == "word " * 100)
        snapshot = (await started.events.next())[0].event
        gate.set()
        rest = await read_all(started.events)
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.status, snapshot.content) == ("running", "word " * 100)
    assert text_of(rest) == "end"
    assert snapshot.message_id == (await house.messages(session_id))[-1].message_id


async def test_a_run_that_just_begins_can_be_joined() -> None:
    house = House(ScriptedModel(saying("hello")))
    session_id = await house.session()
    starting = asyncio.ensure_future(house.answer_chat(session_id, STAY))
    await until(lambda: bool(house.supervisor.runs_of(session_id)))
    [handle] = house.supervisor.runs_of(session_id)
    assert not handle.was_announced
    async with house.follow_run(session_id, None) as followed:
        assert text_of(await read_all(followed.events)) == "hello"
    await starting


@pytest.mark.parametrize("run_id", ["00000000000000ff", "nonsense", ""])
async def test_a_run_that_is_not_there(run_id: str) -> None:
    house = House()
    session_id = await house.session()
    with pytest.raises(RunNotFound):
        async with house.follow_run(session_id, StreamPosition(run_id=run_id, after=0)):
            pass
    with pytest.raises(RunNotAtWork):
        await house.cancel_run(session_id, run_id)
    with pytest.raises(RunNotFound):
        await house.get_run(session_id, run_id)


async def test_a_session_without_any_run_and_one_that_is_not_there() -> None:
    house = House()
    with pytest.raises(RunNotFound):
        async with house.follow_run(await house.session(), None):
            pass
    with pytest.raises(SessionNotFound):
        async with house.follow_run("0123456789", None):
            pass
    with pytest.raises(SessionNotFound):
        await house.cancel_run("0123456789")
    with pytest.raises(SessionNotFound):
        await house.list_runs("0123456789")


async def test_a_run_of_another_session_is_not_to_be_read() -> None:
    house = House()
    session_id, other = await house.session(), await house.session()
    answer = await house.answer_chat(session_id, ChatRequest(message="private"))
    with pytest.raises(RunNotFound):
        async with house.follow_run(other, StreamPosition(run_id=answer.run_id, after=0)):
            pass


async def test_a_repeated_request_joins_the_run_at_work() -> None:
    gate, reply = gated("a", "b")
    house = House(ScriptedModel(reply))
    session_id = await house.session()
    async with house.say(session_id, key="k") as first, house.say(session_id, key="k") as second:
        gate.set()
        assert second.run.run_id == first.run.run_id
        assert await read_all(second.events) == await read_all(first.events)
    assert len(house.model.requests) == 1


async def test_requests_that_race_under_one_key_start_one_run() -> None:
    house = House()
    session_id = await house.session()

    async def ask() -> str:
        async with house.say(session_id, key="k") as started:
            await read_all(started.events)
            return started.run.run_id

    run_ids = await asyncio.gather(*(ask() for _ in range(20)))
    assert len(set(run_ids)) == 1
    assert [message.role for message in await house.messages(session_id)] == ["user", "assistant"]


async def test_a_repeated_request_re_reads_a_run_that_has_ended() -> None:
    house = House(ScriptedModel(saying("once")))
    session_id = await house.session()
    async with house.say(session_id, key="k") as started:
        first = await read_all(started.events)
    async with house.say(session_id, key="k") as started:
        assert await read_all(started.events) == first
    house.clock.advance(23 * 3600)
    async with house.say(session_id, key="k") as started:
        assert names_of(await read_all(started.events))[-1] == "done"
    assert len(house.model.requests) == 1


async def test_after_a_day_the_key_is_free() -> None:
    house = House()
    session_id = await house.session()
    for _ in range(2):
        async with house.say(session_id, key="k") as started:
            await read_all(started.events)
        house.clock.advance(24 * 3600 + 1)
    assert len(house.model.requests) == 2


async def test_the_same_key_for_another_body_is_a_conflict() -> None:
    house = House()
    session_id = await house.session()
    async with house.say(session_id, "one", key="k") as started:
        with pytest.raises(IdempotencyConflict):
            async with house.say(session_id, "two", key="k"):
                pass
        await read_all(started.events)
    with pytest.raises(IdempotencyConflict):
        async with house.say(session_id, "two", key="k"):
            pass


async def test_the_same_key_in_another_session_is_another_request() -> None:
    house = House()
    for session_id in (await house.session(), await house.session()):
        async with house.say(session_id, key="k") as started:
            await read_all(started.events)
    assert len(house.model.requests) == 2


async def test_an_ended_run_that_failed_says_so_when_it_is_read_from_the_store() -> None:
    house = House()
    session_id = await house.session()
    answer = await house.answer_chat(session_id, ChatRequest(message="hi"))
    run = await house.get_run(session_id, answer.run_id)
    await house.runs.update(replace(run, status="failed"))
    house.clock.advance(3600)
    await house.answer_chat(await house.session(), ChatRequest(message="another"))
    async with house.follow_run(session_id, None) as followed:
        events = await read_all(followed.events)
    assert events[-1] == Done(session_id=session_id, run_id=answer.run_id, status="failed")
