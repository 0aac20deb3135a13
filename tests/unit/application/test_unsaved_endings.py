"""Endings that could not be stored at once, by a full disk or a fault of the server: tried again, one at a time."""

import asyncio
import logging
from dataclasses import replace

import pytest

from adapters.memory.run_store import MemoryRunStore
from adapters.memory.session_store import MemorySessionStore
from application.ports.language_model import ModelChunk
from application.ports.session_store import SessionChange
from application.runs.run_ending import RunEnding
from application.use_cases.start_run import StartedRun
from domain.agent import Delegation
from domain.errors import StorageFailed
from domain.run import ChatRequest, Run
from domain.session import Session
from tests.fakes.house import House, names_of, read_all, read_until_text, until
from tests.fakes.scripted_model import ScriptedModel, saying


class FaultySessions(MemorySessionStore):
    """Fails at as many of the next updates as `faults` says, in a way that the port does not know."""

    faults = 0

    async def update(self, session_id: str, change: SessionChange) -> Session:
        if self.faults:
            self.faults -= 1
            raise RuntimeError("can't start new thread")
        return await super().update(session_id, change)


class FaultyHouse(House):
    """Each run that it cuts had said "some"."""

    def __init__(self, *, faults: int) -> None:
        self.disk = FaultySessions()
        super().__init__(ScriptedModel(), sessions=self.disk)
        self._faults = faults

    async def cut(self, session_id: str) -> StartedRun:
        """A run that was cancelled after "some", its end kept from being stored."""
        self.model.reply_next([ModelChunk("some"), asyncio.Event()])
        async with self.say(session_id) as started:
            await read_until_text(started.events, "some")
            self.disk.faults = self._faults
            await self.cancel_run(session_id)
            assert names_of(await read_all(started.events)) == ["error", "done"]
        return started

    async def contents(self, session_id: str) -> list[str]:
        return [message.content for message in await self.messages(session_id)]


async def test_what_a_fault_kept_from_being_stored_is_stored_before_the_next_run() -> None:
    house = FaultyHouse(faults=1)
    session_id = await house.session()
    started = await house.cut(session_id)

    house.model.reply_next(saying("two"))
    await house.answer_chat(session_id, ChatRequest(message="next"))

    assert await house.contents(session_id) == ["hello", "some", "next", "two"]
    assert (await house.get_run(session_id, started.run.run_id)).status == "failed", "as its text was not stored then"
    assert house.supervisor.unsaved_runs(session_id) == []


async def test_a_text_that_cannot_be_stored_does_not_keep_its_session_busy() -> None:
    house = FaultyHouse(faults=2)
    session_id = await house.session()
    started = await house.cut(session_id)

    house.model.reply_next(saying("two"))
    answer = await house.answer_chat(session_id, ChatRequest(message="next"))

    assert answer.status == "completed"
    kept = {run.run_id: run.status for run in await house.runs.list_runs(session_id)}
    assert kept == {started.run.run_id: "failed", answer.run_id: "completed"}
    assert house.supervisor.unsaved_runs(session_id) == []


async def test_a_fault_at_one_ending_keeps_no_other_from_being_tried_again() -> None:
    house = FaultyHouse(faults=1)
    session_ids = [await house.session() for _ in range(2)]
    for session_id in session_ids:
        await house.cut(session_id)

    house.disk.faults = 1
    await house.keeper.retry_all()
    assert sorted([len(await house.messages(session_id)) for session_id in session_ids]) == [1, 2]

    await house.keeper.retry_all()
    assert [await house.contents(session_id) for session_id in session_ids] == [["hello", "some"]] * 2


async def test_a_fault_that_is_there_at_each_try_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    house = FaultyHouse(faults=100)
    session_id = await house.session()
    with caplog.at_level(logging.ERROR):
        started = await house.cut(session_id)
        for _ in range(5):
            await house.keeper.retry_all()

    [told] = caplog.records
    assert started.run.run_id in told.getMessage()
    assert told.exc_info is not None


class SlowAgentSessions(MemorySessionStore):
    """Refuses the first change and is slow with the second, until `may_go_on`."""

    def __init__(self) -> None:
        super().__init__()
        self.changes = 0
        self.may_go_on = asyncio.Event()

    async def update(self, session_id: str, change: SessionChange) -> Session:
        self.changes += 1
        if self.changes == 1:
            raise StorageFailed("The disk is full.")
        if self.changes == 2:
            await self.may_go_on.wait()
        return await super().update(session_id, change)


class SlowRuns(MemoryRunStore):
    """Refuses the first end of a run and is slow with the second, until `may_go_on`."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = 0
        self.may_go_on = asyncio.Event()

    async def update(self, run: Run) -> None:
        self.ends += 1
        if self.ends == 1:
            raise StorageFailed("The disk is full.")
        if self.ends == 2:
            await self.may_go_on.wait()
        await super().update(run)


async def as_far_as_it_comes() -> None:
    """Longer than anything in memory takes that waits for nothing else."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_the_next_run_waits_for_an_ending_that_is_just_being_tried_again() -> None:
    agent_sessions = SlowAgentSessions()
    house = House(agent_sessions=agent_sessions)
    session_id = await house.session()
    before = await house.sessions.load(session_id)
    run = Run(
        run_id="00000000000000aa",
        session_id=session_id,
        status="failed",
        created_at=house.clock.now(),
        delegation=Delegation(call_index=0, tool_call_id="d1", agent_name="cook", session_id="00000000a9"),
    )
    await house.runs.claim(replace(run, status="running"))
    await house.keeper.keep(RunEnding(run=run, message=None, session_before=before))

    retrying = asyncio.create_task(house.keeper.retry_all())
    await until(lambda: agent_sessions.changes == 2)
    answering = asyncio.create_task(house.answer_chat(session_id, ChatRequest(message="next")))
    await as_far_as_it_comes()
    agent_sessions.may_go_on.set()
    await asyncio.gather(retrying, answering)

    assert [message.content for message in await house.messages(session_id)] == ["next", "ok"]
    assert agent_sessions.changes == 2, "it was stored once"


async def test_an_ending_that_is_just_being_tried_again_leaves_no_record_of_a_deleted_session() -> None:
    runs = SlowRuns()
    house = House(runs=runs)
    session_id = await house.session()
    await house.answer_chat(session_id, ChatRequest(message="hi"))

    retrying = asyncio.create_task(house.keeper.retry_all())
    await until(lambda: runs.ends == 2)
    deleting = asyncio.create_task(house.container.use_cases().delete_session(session_id))
    await as_far_as_it_comes()
    runs.may_go_on.set()
    await asyncio.gather(retrying, deleting)

    assert await house.runs.list_runs(session_id) == []
