"""Long steps of the event loop, one an iteration."""

import asyncio
import socket

from application.turnstile import Turnstile


async def test_a_step_goes_through_at_once_where_nothing_is_in_the_way() -> None:
    turnstile = Turnstile()
    turn = turnstile.turn()
    try:
        turn.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited")


async def test_what_arrives_comes_between_any_two_steps() -> None:
    turnstile, arrived = Turnstile(), 0
    seen: list[tuple[int, int]] = []

    def count() -> None:
        nonlocal arrived
        arrived += 1

    async def step(number: int) -> None:
        await turnstile.turn()
        seen.append((arrived, number))

    here, there = socket.socketpair()
    with here, there:
        there.send(b"never taken, so the loop tells of it in each iteration")
        asyncio.get_running_loop().add_reader(here, count)
        await asyncio.gather(*map(step, range(9)))
        asyncio.get_running_loop().remove_reader(here)

    assert len({moment for moment, _ in seen}) == len(seen)
    assert [number for _, number in seen] == [*range(9)]


async def test_those_who_have_waited_too_long_go_through_together() -> None:
    turnstile, iterations = Turnstile(longest_wait=0), 0
    seen: list[int] = []
    loop = asyncio.get_running_loop()

    def count() -> None:
        nonlocal iterations
        iterations += 1
        if len(seen) < 9:
            loop.call_soon(count)

    async def step() -> None:
        await turnstile.turn()
        seen.append(iterations)

    loop.call_soon(count)
    await asyncio.gather(*[step() for _ in range(9)])

    assert seen[-1] - seen[0] <= 2


async def test_one_that_gives_up_keeps_nobody_waiting() -> None:
    turnstile = Turnstile()
    await turnstile.turn()
    waiting = [asyncio.create_task(turnstile.turn()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.gather(*waiting[1:])
    await turnstile.turn()
