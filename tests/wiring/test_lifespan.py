"""Tasks that live as long as the server."""

import asyncio

import pytest

from entrypoints.lifespan import owned_task


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
