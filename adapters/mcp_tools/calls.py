"""Calls under way, each a task: who waits for one gets away in time, however long the SDK takes to give it up."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from domain.tool import ToolOutcome

_WITHDRAWAL_SECONDS = 0.25
"""For telling the server that nobody waits any more. Where that takes longer, the connection's owner sees to it."""


class Broken(Exception):
    """The connection was closed under a call."""


class Calls:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[ToolOutcome]] = set()

    async def run(self, call: Coroutine[Any, Any, ToolOutcome]) -> ToolOutcome:
        """Raises Broken, and what the call raises. Who is cancelled withdraws the call."""
        task = asyncio.create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        try:
            await asyncio.wait({task})
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=_WITHDRAWAL_SECONDS)
        if task.cancelled():
            raise Broken
        return task.result()

    async def abandon(self) -> None:
        """Leave them a moment to end by themselves, then end them, with time enough to tell the server."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_WITHDRAWAL_SECONDS)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_WITHDRAWAL_SECONDS)

    async def finish(self) -> None:
        """Wait until all have ended; to be called when the connection is closed, as then they cannot last."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _ended(self, task: asyncio.Task[ToolOutcome]) -> None:
        self._tasks.discard(task)
        with suppress(asyncio.CancelledError):
            task.exception()  # Seen here, else asyncio reports it as never retrieved where nobody waits any more.
