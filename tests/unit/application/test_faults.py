"""Stops, crashes and full disks: nothing that was written is lost."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime

import pytest

from adapters.memory.run_store import MemoryRunStore
from adapters.memory.session_store import MemorySessionStore
from application.ports.language_model import ModelChunk
from application.ports.run_store import AbandonedRun
from application.ports.session_store import SessionChange
from domain.errors import ServerStopping, SessionBusy, SessionNotFound, StorageFailed
from domain.message import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from domain.run import ChatRequest, PartialAnswer, Run
from domain.run_event import RunError
from domain.session import Session
from tests.fakes.dead_runs import RunsOfTheDead
from tests.fakes.house import House, names_of, read_all, read_until_text, until
from tests.fakes.scripted_model import ScriptedModel, saying


class FullDisk(MemorySessionStore):
    """Refuses every write while it is full."""

    def __init__(self) -> None:
        super().__init__()
        self.is_full = False

    async def append(self, session_id: str, messages: Sequence[Message], at: datetime) -> None:
        self._refuse()
        await super().append(session_id, messages, at)

    async def update(self, session_id: str, change: SessionChange) -> Session:
        self._refuse()
        return await super().update(session_id, change)

    async def delete(self, session_id: str) -> None:
        self._refuse()
        await super().delete(session_id)

    def _refuse(self) -> None:
        if self.is_full:
            raise StorageFailed("The disk is full.")


def writing(*texts: str) -> ScriptedModel:
    """A model that says these and then falls silent for ever."""
    return ScriptedModel(default=[*(ModelChunk(text) for text in texts), asyncio.Event()])


async def test_a_stop_ends_all_runs_with_their_last_event_and_their_text() -> None:
    house = House(writing("some"))
    session_ids = [await house.session() for _ in range(20)]
    async with AsyncExitStack() as stack:
        runs = [await stack.enter_async_context(house.say(session_id)) for session_id in session_ids]
        for started in runs:
            await read_until_text(started.events, "some")
        await house.supervisor.stop()
        for started in runs:
            assert names_of(await read_all(started.events)) == ["done"]
    for session_id, started in zip(session_ids, runs, strict=True):
        partial = (await house.messages(session_id))[-1]
        assert isinstance(partial, AssistantMessage)
        assert (partial.content, partial.done_reason) == ("some", "interrupted")
        assert (await house.get_run(session_id, started.run.run_id)).status == "interrupted"
    with pytest.raises(ServerStopping):
        await house.answer_chat(session_ids[0], ChatRequest(message="more"))
    assert house.model.open_streams == 0


async def test_a_stop_does_not_start_what_waits() -> None:
    house = House(writing("some"))
    session_id = await house.session()
    async with (
        house.say(session_id) as first,
        house.start_run(session_id, ChatRequest(message="2", if_busy="enqueue")) as waiting,
    ):
        await read_until_text(first.events, "some")
        await house.supervisor.stop()
        assert names_of(await read_all(waiting.events)) == ["run_start", "done"]
        await read_all(first.events)
    assert len(house.model.requests) == 1


async def test_cancelled_again_and_again_the_run_still_ends_once() -> None:
    house = House(writing("some"))
    session_id = await house.session()
    async with house.say(session_id) as started:
        await read_until_text(started.events, "some")
        handle = house.supervisor.runs_of(session_id)[0]
        cancelling = asyncio.ensure_future(house.cancel_run(session_id))
        assert handle.task is not None
        await until(lambda: handle.end_asked_for is not None)
        while not handle.ended.done():
            handle.task.cancel()
            await asyncio.sleep(0)
        assert (await cancelling).status == "cancelled"
        assert names_of(await read_all(started.events)) == ["done"]
    assert [message.content for message in await house.messages(session_id)] == ["hello", "some"]


async def test_a_full_disk_at_the_start_is_an_error_and_nothing_begins() -> None:
    disk = FullDisk()
    house = House(sessions=disk)
    session_id = await house.session()
    disk.is_full = True
    with pytest.raises(StorageFailed):
        async with house.say(session_id, key="k"):
            pass
    assert house.model.requests == []
    disk.is_full = False
    async with house.say(session_id, key="k") as started:
        assert names_of(await read_all(started.events))[-1] == "done"
    assert len(house.model.requests) == 1, "the same request, sent again, is tried again"


async def test_text_that_a_full_disk_refused_is_stored_when_there_is_room() -> None:
    disk = FullDisk()
    gate = asyncio.Event()
    house = House(ScriptedModel([ModelChunk("precious"), gate, *saying(" text")]), sessions=disk)
    session_id = await house.session()
    async with house.say(session_id) as started:
        await read_until_text(started.events, "precious")
        disk.is_full = True
        gate.set()
        events = await read_all(started.events)
    error = events[-2]
    assert isinstance(error, RunError)
    assert error.code == "STORAGE_ERROR"
    with pytest.raises(StorageFailed):
        await house.answer_chat(session_id, ChatRequest(message="next"))
    disk.is_full = False
    await house.keeper.retry_all()
    assert [message.content for message in await house.messages(session_id)] == ["hello", "precious text"]


async def test_a_delete_that_a_full_disk_refused_takes_nothing_with_it() -> None:
    disk = FullDisk()
    house = House(ScriptedModel([ModelChunk("precious"), asyncio.Event()]), sessions=disk)
    delete_session = house.container.use_cases().delete_session
    session_id = await house.session()
    async with house.say(session_id) as started:
        await read_until_text(started.events, "precious")
        disk.is_full = True
        with pytest.raises(StorageFailed):
            await delete_session(session_id)
        assert names_of(await read_all(started.events))[-1] == "done"
    disk.is_full = False
    await house.keeper.retry_all()
    assert [message.content for message in await house.messages(session_id)] == ["hello", "precious"]
    assert (await house.get_run(session_id, started.run.run_id)).status == "failed", "as its text was not stored then"


async def test_nothing_is_stored_of_a_session_that_was_deleted_before_there_was_room() -> None:
    disk = FullDisk()
    house = House(ScriptedModel([ModelChunk("some"), asyncio.Event()]), sessions=disk)
    session_id = await house.session()
    async with house.say(session_id) as started:
        await read_until_text(started.events, "some")
        disk.is_full = True
        await house.cancel_run(session_id)
        disk.is_full = False
        await house.container.use_cases().delete_session(session_id)
    await house.keeper.retry_all()
    assert house.supervisor.unsaved_runs(session_id) == []
    assert list(await house.runs.list_runs(session_id)) == []


async def test_the_next_run_waits_for_what_is_still_to_be_stored() -> None:
    disk = FullDisk()
    house = House(ScriptedModel([ModelChunk("one"), asyncio.Event()], saying("two")), sessions=disk)
    session_id = await house.session()
    async with house.say(session_id) as started:
        await read_until_text(started.events, "one")
        disk.is_full = True
        await house.cancel_run(session_id)
    disk.is_full = False
    await house.answer_chat(session_id, ChatRequest(message="next"))
    assert [message.content for message in await house.messages(session_id)] == ["hello", "one", "next", "two"]


async def test_what_is_written_is_flushed_once_and_again_when_there_is_more() -> None:
    flushed: list[PartialAnswer] = []

    class Runs(MemoryRunStore):
        async def flush(self, partials: Sequence[PartialAnswer]) -> None:
            flushed.extend(partials)
            await super().flush(partials)

    gate = asyncio.Event()
    house = House(ScriptedModel([ModelChunk("a"), gate, ModelChunk("b"), asyncio.Event()]), runs=Runs())
    session_id = await house.session()
    async with house.say(session_id) as started:
        await house.flusher.flush()
        await read_until_text(started.events, "a")
        for _ in range(3):
            await house.flusher.flush()
        gate.set()
        await until(lambda: house.written(session_id) == "ab")
        await house.flusher.flush()
    assert [partial.message.content for partial in flushed] == ["a", "ab"]
    assert {partial.run_id for partial in flushed} == {started.run.run_id}


async def test_a_flush_that_fails_is_made_up_for() -> None:
    class Runs(MemoryRunStore):
        fails = True
        flushed: tuple[str, ...] = ()

        async def flush(self, partials: Sequence[PartialAnswer]) -> None:
            if self.fails:
                raise StorageFailed("The disk is full.")
            self.flushed = tuple(partial.message.content for partial in partials)

    runs = Runs()
    house = House(writing("some"), runs=runs)
    async with house.say(await house.session()) as started:
        await read_until_text(started.events, "some")
        with pytest.raises(StorageFailed):
            await house.flusher.flush()
        runs.fails = False
        await house.flusher.flush()
        assert runs.flushed == ("some",)


def dead_run(house: House, session_id: str) -> Run:
    return Run(run_id="00000000000000dd", session_id=session_id, status="running", created_at=house.clock.now())


def answer(house: House, content: str, message_id: str = "00000000ee") -> AssistantMessage:
    return AssistantMessage(
        message_id=message_id,
        timestamp=house.clock.now(),
        content=content,
        model="plain",
        done_reason="interrupted",
    )


async def test_the_text_of_a_dead_process_is_folded_in_and_its_run_ended() -> None:
    runs = RunsOfTheDead()
    house = House(runs=runs)
    question = UserMessage(message_id="00000000aa", timestamp=house.clock.now(), content="hi")
    session_id = await house.session(question)
    run = dead_run(house, session_id)
    await runs.claim(run)
    partial = PartialAnswer(session_id=session_id, run_id=run.run_id, message=answer(house, "as far as it"))
    runs.left_behind = [AbandonedRun(run=run, partial=partial)]
    for _ in range(2):
        await house.recover()
    assert [message.content for message in await house.messages(session_id)] == ["hi", "as far as it"]
    assert (await house.get_run(session_id, run.run_id)).status == "interrupted"
    await house.answer_chat(session_id, ChatRequest(message="go on"))


async def test_a_part_does_not_undo_the_whole_that_was_stored_before_the_crash() -> None:
    runs = RunsOfTheDead()
    house = House(runs=runs)
    session_id = await house.session(answer(house, "all of it"))
    run = dead_run(house, session_id)
    await runs.claim(run)
    partial = PartialAnswer(session_id=session_id, run_id=run.run_id, message=answer(house, "all"))
    runs.left_behind = [AbandonedRun(run=run, partial=partial)]
    await house.recover()
    assert [message.content for message in await house.messages(session_id)] == ["all of it"]


async def test_a_call_that_a_crash_left_open_gets_a_result() -> None:
    runs = RunsOfTheDead()
    house = House(runs=runs)
    call = ToolCall(call_id="call_1", tool_name="weather", arguments={})
    asked = AssistantMessage(
        message_id="00000000ab", timestamp=house.clock.now(), content="", model="plain", tool_calls=(call,)
    )
    session_id = await house.session(asked)
    run = dead_run(house, session_id)
    await runs.claim(run)
    runs.left_behind = [AbandonedRun(run=run, partial=None)]
    await house.recover()
    result = (await house.messages(session_id))[-1]
    assert isinstance(result, ToolMessage)
    assert result.tool_call_id == "call_1"


async def test_a_dead_run_of_a_deleted_session_is_no_obstacle() -> None:
    runs = RunsOfTheDead()
    house = House(runs=runs)
    run = dead_run(house, "0123456789")
    await runs.claim(run)
    runs.left_behind = [AbandonedRun(run=run, partial=None)]
    await house.recover()
    assert list(await runs.list_runs("0123456789")) == []


async def test_a_run_that_comes_during_an_edit_waits_for_it() -> None:
    house = House()
    session_id = await house.session()
    async with house.supervisor.idle(session_id):
        waiting = asyncio.ensure_future(house.answer_chat(session_id, ChatRequest(message="hi")))
        await until(lambda: bool(house.supervisor.runs_of(session_id)))
        assert await house.messages(session_id) == ()
        with pytest.raises(SessionBusy):
            await house.answer_chat(session_id, ChatRequest(message="too"))
    assert (await waiting).status == "completed"


async def test_a_run_that_waited_for_a_deletion_leaves_no_record() -> None:
    house = House()
    session_id = await house.session()
    async with house.supervisor.idle(session_id):
        waiting = asyncio.ensure_future(house.answer_chat(session_id, ChatRequest(message="hi")))
        await until(lambda: bool(house.supervisor.runs_of(session_id)))
        await house.sessions.delete(session_id)
    with pytest.raises(SessionNotFound):
        await waiting
    assert list(await house.runs.list_runs(session_id)) == []


async def test_an_edit_of_a_busy_session_is_refused() -> None:
    house = House(writing("some"))
    session_id = await house.session()
    async with house.say(session_id):
        with pytest.raises(SessionBusy):
            async with house.supervisor.idle(session_id):
                pass


async def test_deleting_ends_the_run_at_work_and_those_that_wait() -> None:
    house = House(writing("some"))
    session_id = await house.session()
    async with (
        house.say(session_id) as first,
        house.start_run(session_id, ChatRequest(message="2", if_busy="enqueue")) as waiting,
    ):
        await house.supervisor.end_all(session_id)
        for started in (first, waiting):
            assert names_of(await read_all(started.events))[-1] == "done"
    assert house.supervisor.runs_of(session_id) == []


async def test_many_turns_leave_no_run_and_no_task_behind() -> None:
    house = House(replay_bytes=100_000)
    session_id = await house.session()
    tasks = len(asyncio.all_tasks())
    for _ in range(200):
        await house.answer_chat(session_id, ChatRequest(message="hi"))
    await until(lambda: len(asyncio.all_tasks()) == tasks)
    assert house.supervisor.all_runs() == []
