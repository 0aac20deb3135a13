"""Which runs are flushed when: each often enough, and few of them together; and that nothing ends it."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.run_store import MemoryRunStore
from application.ports.language_model import ModelChunk
from application.runs import flusher
from application.runs.flusher import FEW_RUNS, SLICES, due
from application.runs.run_handle import RunHandle
from domain.run import ChatRequest, PartialAnswer, Run
from entrypoints.lifespan import owned_task
from tests.fakes.house import House, read_until_text, until
from tests.fakes.scripted_model import ScriptedModel


def handle(number: int) -> RunHandle:
    run = Run(
        run_id=f"run_{number:032x}",
        session_id=f"session-{number}",
        status="running",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return RunHandle(run, ChatRequest(message="Hello"))


@given(counts=st.lists(st.integers(0, 3 * FEW_RUNS), min_size=1, max_size=40))
async def test_no_run_waits_for_more_turns_than_there_are_slices(counts: list[int]) -> None:
    handles = [handle(number) for number in range(3 * FEW_RUNS)]
    waited = [0] * len(handles)
    were_few = True
    for number, count in enumerate(counts):
        are_few = count <= FEW_RUNS
        flushed = set(map(id, due(handles[:count], number % SLICES, are_few=are_few, were_few=were_few)))
        were_few = are_few
        for one, its_handle in enumerate(handles):
            waits = one < count and id(its_handle) not in flushed
            waited[one] = waited[one] + 1 if waits else 0
        assert max(waited) < SLICES


async def test_few_runs_are_flushed_in_one_turn_of_all() -> None:
    few = [handle(number) for number in range(FEW_RUNS)]

    turns = [due(few, turn, are_few=True, were_few=True) for turn in range(SLICES)]

    assert [len(runs) for runs in turns] == [FEW_RUNS, *[0] * (SLICES - 1)]


async def test_many_runs_are_flushed_in_even_parts() -> None:
    many = [handle(number) for number in range(2 * FEW_RUNS)]

    turns = [due(many, turn, are_few=False, were_few=False) for turn in range(SLICES)]

    assert [len(runs) for runs in turns] == [len(many) // SLICES] * SLICES


class FaultyRuns(MemoryRunStore):
    """Fails at as many of the next flushes as `faults` says, in a way that the port does not know."""

    def __init__(self) -> None:
        super().__init__()
        self.faults = 0
        self.flushed: list[str] = []

    async def flush(self, partials: Sequence[PartialAnswer]) -> None:
        if self.faults:
            self.faults -= 1
            raise RuntimeError("can't start new thread")
        self.flushed += [partial.message.content for partial in partials]


async def test_a_fault_that_no_store_foresaw_is_told_of_once_and_ends_no_flushing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(flusher, "FLUSH_SECONDS", 0.0)
    runs = FaultyRuns()
    more = asyncio.Event()
    house = House(ScriptedModel([ModelChunk("some"), more, ModelChunk(" more"), asyncio.Event()]), runs=runs)
    async with house.say(await house.session()) as started:
        await read_until_text(started.events, "some")
        runs.faults = 3
        async with owned_task(house.flusher.flush_for_ever()):
            await until(lambda: runs.flushed == ["some"])
            runs.faults = 3
            more.set()
            await until(lambda: runs.flushed == ["some", "some more"])
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2, "once for each time that it came"
