"""Warm workers for calls, and new ones on demand, within bounds."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from adapters.python_tools.failures import ForkServerLost
from adapters.python_tools.fork_server import ForkServer
from adapters.python_tools.sources import Source
from adapters.python_tools.worker_handle import Worker
from application.owned_task import finish_despite_cancellation
from domain.errors import ToolFailed

MOST_WORKERS: Final = 32
"""At work, idle or dying."""
MOST_IDLE: Final = 8
"""Kept warm, of all sources together: some MiB each, and what their modules hold."""
MOST_FORKS: Final = 2
"""Under way at once; more only take turns."""
_ATTEMPTS: Final = 3
_STOPPING: Final = "The server is stopping."


class Pool:
    """A worker serves one version of one source, so that no source meets what another did to Python itself."""

    def __init__(self, python: Path) -> None:
        self._python = python
        self._server: ForkServer | None = None
        self._starting: asyncio.Task[ForkServer] | None = None
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        self._idle: list[Worker] = []
        self._alive = 0
        self._forks = 0
        self._current: frozenset[Source] = frozenset()
        self._is_closed = False

    async def ready(self) -> ForkServer:
        """The fork server, started if need be. Raises InterpreterUnusable, ToolFailed."""
        if self._is_closed:
            raise ToolFailed(_STOPPING)
        if self._server is not None and self._server.is_alive:
            return self._server
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start())
            # Seen here, else asyncio reports it as never retrieved where nobody waited long enough.
            self._starting.add_done_callback(lambda start: start.cancelled() or start.exception())
        starting = self._starting
        # Whoever waits may run out of time; the start goes on for those who come after.
        await asyncio.wait([starting])
        if starting.cancelled():
            raise ToolFailed(_STOPPING)
        return starting.result()

    def keep_only(self, sources: Iterable[Source]) -> None:
        """Workers of other sources go; those at work, when they are done."""
        self._current = frozenset(sources)
        for worker in [worker for worker in self._idle if worker.source not in self._current]:
            self._dismiss(worker)

    @asynccontextmanager
    async def worker(self, source: Source) -> AsyncIterator[Worker]:
        """One for a call, in the order of arrival; killed where the block is left by an error or a cancellation.

        Raises ToolFailed: InterpreterUnusable, WorkerLost.
        """
        worker = await self._take(source)
        try:
            yield worker
        except BaseException:
            await finish_despite_cancellation(worker.end())
            raise
        self._give_back(worker)

    async def aclose(self) -> None:
        self._is_closed = True
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        if self._server is not None:
            await self._server.aclose()

    async def _start(self) -> ForkServer:
        if self._server is not None:
            await self._server.aclose()
        self._server = await ForkServer.start(self._python)
        return self._server

    async def _take(self, source: Source) -> Worker:
        async with self._turn:
            while (worker := self._idle_one(source)) is None and not self._may_fork():
                self._changed.clear()
                await self._changed.wait()
            if worker is not None:
                return worker
            self._alive += 1
            self._forks += 1
        try:
            worker = await self._fork(source)
        except BaseException:
            self._on_ended()
            raise
        finally:
            self._forks -= 1
            self._changed.set()
        worker.ended.add_done_callback(lambda _: self._on_ended(worker))
        return worker

    async def _fork(self, source: Source) -> Worker:
        """Raises ToolFailed."""
        for _ in range(_ATTEMPTS):
            with suppress(ForkServerLost):  # By another's tool: nothing of this call has begun.
                return await (await self.ready()).fork(source)
        raise ForkServerLost

    def _idle_one(self, source: Source) -> Worker | None:
        # The last one that was used: the others may go cold.
        for worker in reversed(self._idle):
            if worker.source is source and worker.is_reusable:
                self._idle.remove(worker)
                return worker
        return None

    def _may_fork(self) -> bool:
        if self._alive >= MOST_WORKERS and self._idle:
            self._dismiss(self._idle[0])
        return self._alive < MOST_WORKERS and self._forks < MOST_FORKS

    def _give_back(self, worker: Worker) -> None:
        if not worker.is_reusable or worker.source not in self._current:
            worker.dismiss()
            return
        self._idle.append(worker)
        if len(self._idle) > MOST_IDLE:
            self._dismiss(self._idle[0])
        self._changed.set()

    def _dismiss(self, worker: Worker) -> None:
        self._idle.remove(worker)
        worker.dismiss()

    def _on_ended(self, worker: Worker | None = None) -> None:
        self._alive -= 1
        if worker in self._idle:
            self._idle.remove(worker)
        self._changed.set()
