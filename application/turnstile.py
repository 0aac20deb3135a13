"""Tokens go first: what takes long on the event loop is taken in turns."""

import asyncio
from collections import deque

LONGEST_WAIT = 0.05
"""Seconds that a step gives way to tokens. Where there are more beginnings than the processor can bear, what is asked
meanwhile (health, a cancel) would otherwise wait for all of them, an iteration each."""


class Turnstile:
    """Lets one long step through in each iteration of the event loop, in the order of their coming.

    Tokens are relayed by the loop itself, which looks for them once an iteration. Where several runs begin or end at a
    time, each in steps of some tenths of a millisecond, tokens would wait for all of them; so they wait for one. Where
    nothing is in the way, a step goes through at once, and so do all that have waited for `longest_wait` seconds.

    For one event loop.
    """

    def __init__(self, longest_wait: float = LONGEST_WAIT) -> None:
        self._longest_wait = longest_wait
        self._is_shut = False
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()

    async def turn(self) -> None:
        """Until it is the caller's turn, who has the loop from here to where he next waits for something."""
        loop = asyncio.get_running_loop()
        if not self._is_shut:
            self._is_shut = True
            loop.call_soon(self._let_next_through, loop)
            return
        turn = loop.create_future()
        self._waiting.append((loop.time(), turn))
        await turn

    def _let_next_through(self, loop: asyncio.AbstractEventLoop) -> None:
        has_let_through = False
        overdue_since = loop.time() - self._longest_wait
        while self._waiting and not (has_let_through and self._waiting[0][0] > overdue_since):
            _, turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                has_let_through = True
        if has_let_through:
            loop.call_soon(self._let_next_through, loop)
        else:
            self._is_shut = False
