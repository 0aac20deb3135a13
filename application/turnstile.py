"""Tokens go first: what takes long on the event loop is taken in turns."""

import asyncio
from collections import deque


class Turnstile:
    """Lets one long step through in each iteration of the event loop, in the order of their coming.

    Tokens are relayed by the loop itself, which looks for them once an iteration. Where several runs begin or end at a
    time, each in steps of some tenths of a millisecond, tokens would wait for all of them; so they wait for one. Where
    nothing is in the way, a step goes through at once.

    For one event loop.
    """

    def __init__(self) -> None:
        self._is_shut = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Until it is the caller's turn, who has the loop from here to where he next waits for something."""
        loop = asyncio.get_running_loop()
        if not self._is_shut:
            self._is_shut = True
            loop.call_soon(self._let_next_through, loop)
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _let_next_through(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                loop.call_soon(self._let_next_through, loop)
                return
        self._is_shut = False
