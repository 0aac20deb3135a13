"""Waiting for what must be done, cancelled or not."""

import asyncio
import gc

import pytest

from application.owned_task import finish_despite_cancellation


async def finish(gate: asyncio.Event, done: list[str], error: Exception | None = None) -> str:
    await gate.wait()
    done.append("done")
    if error is not None:
        raise error
    return "result"


async def test_the_result_and_the_error_are_those_of_the_work() -> None:
    gate = asyncio.Event()
    gate.set()
    assert await finish_despite_cancellation(finish(gate, [])) == "result"
    with pytest.raises(ValueError, match="broken"):
        await finish_despite_cancellation(finish(gate, [], ValueError("broken")))


@pytest.mark.parametrize("error", [None, ValueError("broken")])
async def test_a_cancelled_caller_hears_of_it_when_the_work_is_done(error: Exception | None) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    gate, done = asyncio.Event(), list[str]()
    caller = asyncio.create_task(finish_despite_cancellation(finish(gate, done, error)))
    for _ in range(3):
        await asyncio.sleep(0)
        caller.cancel()
    await asyncio.sleep(0)
    assert not caller.done()

    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await caller

    assert done == ["done"]
    del caller
    gc.collect()
    assert complaints == []


async def test_a_timeout_is_raised_when_the_work_is_done() -> None:
    gate, done = asyncio.Event(), list[str]()
    asyncio.get_running_loop().call_later(0.03, gate.set)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(finish_despite_cancellation(finish(gate, done)), 0.01)
    assert done == ["done"]


async def test_work_that_cancels_itself_is_told_as_cancelled() -> None:
    async def give_up() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await finish_despite_cancellation(give_up())
