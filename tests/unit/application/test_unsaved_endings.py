"""Endings that could not be stored at once: by a fault of the server, which no store foresaw."""

import asyncio
import logging

import pytest

from adapters.memory.session_store import MemorySessionStore
from application.ports.language_model import ModelChunk
from application.ports.session_store import SessionChange
from application.use_cases.start_run import StartedRun
from domain.run import ChatRequest
from domain.session import Session
from tests.fakes.house import House, names_of, read_all, read_until_text
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
