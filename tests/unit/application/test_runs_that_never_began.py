"""Runs that end before their model is asked: cancelled at once or while they waited, or kept from beginning."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pytest

from adapters.memory.run_store import MemoryRunStore
from adapters.memory.session_store import MemorySessionStore
from application.ports.language_model import ModelChunk
from application.ports.session_store import SessionChange
from application.use_cases.follow_run import StreamPosition
from domain.errors import MochiError, RunFailed, RunNotFound, SessionNotFound, StorageFailed
from domain.message import Message
from domain.run import ChatRequest, Run
from domain.session import Session
from tests.fakes.house import House, names_of, read_all, read_entries, read_until_text, until
from tests.fakes.scripted_model import ScriptedModel
from tests.unit.application.bench import Bench

NEXT = ChatRequest(message="next", if_busy="enqueue")


class Disk:
    """Shared by the stores below."""

    is_full = False

    def write(self) -> None:
        if self.is_full:
            raise StorageFailed("The disk is full.")


class Sessions(MemorySessionStore):
    is_broken = False

    def __init__(self, disk: Disk) -> None:
        super().__init__()
        self._disk = disk

    async def append(self, session_id: str, messages: Sequence[Message], at: datetime) -> None:
        self._disk.write()
        await super().append(session_id, messages, at)

    async def update(self, session_id: str, change: SessionChange) -> Session:
        self._disk.write()
        if self.is_broken:
            raise ZeroDivisionError
        return await super().update(session_id, change)


class Runs(MemoryRunStore):
    """A claim is a short line, for which there is room."""

    def __init__(self, disk: Disk) -> None:
        super().__init__()
        self._disk = disk

    async def update(self, run: Run) -> None:
        self._disk.write()
        await super().update(run)


def silent() -> ScriptedModel:
    return ScriptedModel([asyncio.Event()])


async def test_a_run_that_is_cancelled_before_its_first_step_ends_all_the_same() -> None:
    bench = Bench()
    session_id = await bench.session()
    handle = bench.submit_run(session_id)
    handle.ask_to_end("cancelled")
    async with asyncio.timeout(5):
        await handle.ended
    assert handle.run.status == "cancelled"
    await bench.begin_run(session_id)
    await bench.supervisor.stop()


async def test_a_run_that_was_cancelled_while_it_waited_is_remembered() -> None:
    house = House(silent())
    session_id = await house.session()
    async with house.say(session_id):
        async with house.start_run(session_id, NEXT) as waiting:
            cancelled = await house.cancel_run(session_id, waiting.run.run_id)
            assert names_of(await read_all(waiting.events)) == ["run_start", "done"]
        kept = await house.get_run(session_id, waiting.run.run_id)
    assert kept == cancelled
    assert (kept.status, kept.started_at, kept.last_sequence) == ("cancelled", None, 2)
    assert kept.ended_at is not None
    assert len(house.model.requests) == 1


async def test_who_waited_for_the_whole_answer_of_such_a_run_gets_an_empty_one() -> None:
    house = House(silent())
    session_id = await house.session()
    async with house.say(session_id):
        waiting = asyncio.ensure_future(house.answer_chat(session_id, NEXT))
        await until(lambda: len(house.supervisor.runs_of(session_id)) == 2)
        await house.cancel_run(session_id, house.supervisor.runs_of(session_id)[1].run.run_id)
        answer = await waiting
    assert (answer.status, answer.message) == ("cancelled", None)


async def test_a_cancelled_run_that_waited_leaves_the_history_of_the_one_at_work_alone() -> None:
    disk = Disk()
    house = House(silent(), sessions=Sessions(disk), runs=Runs(disk))
    session_id = await house.session()
    async with house.say(session_id):
        before = await house.sessions.load(session_id)
        async with house.start_run(session_id, NEXT) as waiting:
            disk.is_full = True
            await house.cancel_run(session_id, waiting.run.run_id)
        disk.is_full = False
        await house.keeper.retry_all()
        assert (await house.get_run(session_id, waiting.run.run_id)).status == "cancelled"
        assert await house.sessions.load(session_id) is before


async def test_deleting_the_session_meanwhile_leaves_no_record() -> None:
    house = House(silent())
    session_id = await house.session()
    async with house.say(session_id), house.start_run(session_id, NEXT) as waiting:
        cancelling = asyncio.ensure_future(house.cancel_run(session_id, waiting.run.run_id))
        await until(lambda: bool(house.supervisor.runs_of(session_id)[-1].end_asked_for))
        await house.supervisor.end_all(session_id)
        await house.runs.forget(session_id)
        assert (await cancelling).status == "cancelled"
    assert list(await house.runs.list_runs(session_id)) == []


async def test_a_run_that_nothing_of_could_be_stored_does_not_block_its_session() -> None:
    disk = Disk()
    house = House(sessions=Sessions(disk), runs=Runs(disk))
    session_id = await house.session()
    disk.is_full = True
    with pytest.raises(StorageFailed):
        async with house.say(session_id, key="k"):
            pass
    disk.is_full = False
    async with house.say(session_id, key="k") as started:
        assert names_of(await read_all(started.events))[-1] == "done"
    assert sorted(run.status for run in await house.list_runs(session_id)) == ["completed", "failed"]


async def test_who_joined_it_meanwhile_is_told_that_there_is_no_such_run() -> None:
    disk = Disk()
    house = House(sessions=Sessions(disk), runs=Runs(disk))
    session_id = await house.session()
    disk.is_full = True
    starting = asyncio.ensure_future(house.answer_chat(session_id, ChatRequest(message="hi")))
    await until(lambda: bool(house.supervisor.runs_of(session_id)))
    with pytest.raises(RunNotFound):
        async with house.follow_run(session_id, None):
            pass
    with pytest.raises(StorageFailed):
        await starting


async def test_neither_does_one_that_a_fault_of_the_server_kept_from_beginning() -> None:
    sessions = Sessions(Disk())
    house = House(sessions=sessions)
    session_id = await house.session()
    sessions.is_broken = True
    with pytest.raises(MochiError):
        async with house.say(session_id):
            pass
    sessions.is_broken = False
    await house.answer_chat(session_id, ChatRequest(message="next"))


async def test_a_fault_at_the_end_of_a_run_hides_its_end_from_nobody() -> None:
    sessions = Sessions(Disk())
    house = House(ScriptedModel([ModelChunk("some"), asyncio.Event()]), sessions=sessions)
    session_id = await house.session()
    async with house.say(session_id) as started:
        await read_until_text(started.events, "some")
        sessions.is_broken = True
        await house.cancel_run(session_id)
        assert names_of(await read_all(started.events)) == ["error", "done"]


async def test_a_run_that_failed_when_its_turn_came_is_read_again_to_its_end() -> None:
    disk = Disk()
    house = House(silent(), sessions=Sessions(disk), runs=Runs(disk))
    session_id = await house.session()
    async with house.say(session_id) as first, house.start_run(session_id, NEXT) as waiting:
        await until(lambda: house.model.open_streams == 1)
        disk.is_full = True
        await house.cancel_run(session_id)
        entries = await read_entries(waiting.events)
        assert names_of([entry.event for entry in entries]) == ["run_start", "error", "done"]
        await read_all(first.events)
    disk.is_full = False
    await house.keeper.retry_all()
    run = await house.get_run(session_id, waiting.run.run_id)
    assert run.error is not None
    assert (run.status, run.error.code) == ("failed", "STORAGE_ERROR")
    house.clock.advance(3600)
    await house.answer_chat(await house.session(), ChatRequest(message="another"))
    assert house.log.state(run.run_id) is None
    position = StreamPosition(run_id=run.run_id, after=entries[-1].sequence)
    async with house.follow_run(session_id, position) as followed:
        assert followed.is_at_end


async def test_a_waiting_run_of_a_session_that_is_gone_leaves_no_record() -> None:
    house = House(silent())
    session_id = await house.session()
    async with house.say(session_id):
        waiting = asyncio.ensure_future(house.answer_chat(session_id, NEXT))
        await until(lambda: len(house.supervisor.runs_of(session_id)) == 2)
        await house.sessions.delete(session_id)
        await house.cancel_run(session_id)
        with pytest.raises(RunFailed) as raised:
            await waiting
    assert raised.value.code == SessionNotFound.code
    assert list(await house.runs.list_runs(session_id)) == []
