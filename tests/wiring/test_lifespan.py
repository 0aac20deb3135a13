"""Tasks that live as long as the server."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from adapters.memory.run_store import MemoryRunStore
from application.ports.language_model import ModelChunk
from application.runs import flusher, run_keeper
from domain.errors import StorageFailed
from domain.run import PartialAnswer, Run
from entrypoints.lifespan import opened, owned_task
from tests.fakes.house import House, read_until_text, until
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.toolbox import FakeToolbox


async def test_a_cancellation_that_comes_while_the_task_ends_is_not_taken_for_the_tasks_own() -> None:
    ending, may_end = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            await may_end.wait()

    async def owner() -> None:
        async with owned_task(work()):
            await asyncio.sleep(0)
        raise AssertionError("the cancellation was lost")

    task = asyncio.create_task(owner())
    await ending.wait()
    task.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_failed_is_told_of() -> None:
    async def work() -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        async with owned_task(work()):
            await asyncio.sleep(0)


class OpenedToolbox(FakeToolbox):
    async def open(self) -> None:
        """Nothing to open."""

    async def aclose(self) -> None:
        """Nothing to close."""


class SlowToEnd(MemoryRunStore):
    """Refuses the first end of a run and takes its time with the second, until `may_end` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = 0
        self.may_end = asyncio.Event()
        self.flushed: list[str] = []

    async def update(self, run: Run) -> None:
        self.ends += 1
        if self.ends == 1:
            raise StorageFailed("The disk is full.")
        await self.may_end.wait()
        await super().update(run)

    async def flush(self, partials: Sequence[PartialAnswer]) -> None:
        self.flushed += [partial.message.content for partial in partials]


async def test_an_ending_that_takes_long_to_be_stored_holds_up_no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flusher, "FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(run_keeper, "RETRY_SECONDS", 0.0)
    runs = SlowToEnd()
    model = ScriptedModel(default=[ModelChunk("some"), asyncio.Event()])
    house = House(model, runs=runs, agent_toolbox=OpenedToolbox())
    async with opened(house.container), AsyncExitStack() as stack:
        stack.callback(runs.may_end.set)
        refused = await house.session()
        async with house.say(refused):
            await house.cancel_run(refused)
        await until(lambda: runs.ends == 2)
        started = await stack.enter_async_context(house.say(await house.session()))
        await read_until_text(started.events, "some")
        await until(lambda: runs.flushed == ["some"])
    assert house.supervisor.unsaved_runs(refused) == []
