"""The server's side of the fork server: orders a worker, has one killed, and is told of its end."""

import asyncio
import itertools
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from adapters.codec.errors import NotDecodable
from adapters.codec.json_text import parse, render
from adapters.python_tools.channel import Channel
from adapters.python_tools.failures import ForkServerLost, InterpreterUnusable, WorkerLost
from adapters.python_tools.process import end_process, new_mark, signal_process, start_process
from adapters.python_tools.sources import Source
from adapters.python_tools.worker_handle import Worker
from application.owned_task import finish_despite_cancellation
from domain.json_value import JsonObject, JsonValue

START_SECONDS: Final = 20.0
"""Importing pydantic takes 0.2 s; from a slow disk that nobody has read yet, some seconds."""
_ANSWER_SECONDS: Final = 10.0
"""A fork server that has not seen an order by then cannot go on. It waits for its turn as long as tools do."""
_ENDING_SECONDS: Final = 3.0
_RECEIVED_BYTES: Final = 65536


class ForkServer:
    """Alive from `start` until it is closed or killed; then all its workers are dead."""

    def __init__(self, process: Process, control: socket.socket, mark: str) -> None:
        self._process = process
        self._control = control
        self._mark = mark
        self._numbers = itertools.count(1)
        self._workers: dict[int, Worker] = {}
        self._unseen: dict[int, asyncio.TimerHandle] = {}
        self._first_word: asyncio.Future[JsonObject] = asyncio.get_running_loop().create_future()
        self._seen: dict[int, asyncio.Future[None]] = {}
        self._listening = asyncio.create_task(self._listen())
        self.is_alive = True

    @classmethod
    async def start(cls, python: Path) -> "ForkServer":
        """Raises InterpreterUnusable."""
        ours, theirs = _connection()
        mark = new_mark()
        with theirs:
            try:
                process = await start_process(python, theirs, mark)
            except BaseException:
                ours.close()
                raise
        server = cls(process, ours, mark)
        try:
            async with asyncio.timeout(START_SECONDS):
                reason = (await server._first_word).get("failed")
        except TimeoutError:
            reason = f"it was not ready within {START_SECONDS:.0f} s"
            server._give_up()
        except BaseException:
            await finish_despite_cancellation(server.aclose())
            raise
        if reason:
            await server.aclose()
            raise InterpreterUnusable(str(reason))
        return server

    async def fork(self, source: Source) -> Worker:
        """A new worker that has loaded nothing yet. Raises ForkServerLost, WorkerLost."""
        number = next(self._numbers)
        ours, theirs = _connection()
        worker = Worker(number, source, self)
        try:
            with theirs:
                worker.channel = await Channel.over(ours, worker.dismiss)
                self._workers[number] = worker
                self._order("fork", number, theirs)
            await self._seen_by_server(number)
        except BaseException:
            await finish_despite_cancellation(worker.end())
            raise
        return worker

    def kill(self, worker: Worker) -> None:
        """And all that came of it. `worker.ended` tells when that is done."""
        if worker.number in self._workers:
            with suppress(ForkServerLost):
                self._order("kill", worker.number)

    async def aclose(self) -> None:
        """When this is done, no process is left."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        # It ends all workers itself then; being killed, it would leave that to us.
        await asyncio.wait([self._listening], timeout=_ENDING_SECONDS)
        signal_process(self._process, signal.SIGKILL)
        await self._listening

    def _order(self, what: Literal["fork", "kill"], number: int, channel: socket.socket | None = None) -> None:
        if not self.is_alive:
            raise ForkServerLost
        try:
            socket.send_fds(self._control, [render({what: number}) + b"\n"], [channel.fileno()] if channel else [])
        except OSError:
            # Full, as nobody has read for very long, or closed.
            self._give_up()
            raise ForkServerLost from None
        # A tool may have stopped it, and should not hold up others by that.
        signal_process(self._process, signal.SIGCONT)
        if number not in self._unseen:
            self._unseen[number] = asyncio.get_running_loop().call_later(_ANSWER_SECONDS, self._give_up)

    async def _seen_by_server(self, number: int) -> None:
        self._seen[number] = asyncio.get_running_loop().create_future()
        try:
            await self._seen[number]
        finally:
            del self._seen[number]

    def _give_up(self) -> None:
        """What follows happens when its process has ended."""
        signal_process(self._process, signal.SIGKILL)

    async def _hang_up_when_it_has_ended(self) -> None:
        """A worker that was stopped before its first step would hold its end of the connection open for ever. What was
        said before that is heard."""
        await self._process.wait()
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RD)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        hanging_up = asyncio.create_task(self._hang_up_when_it_has_ended())
        received = b""
        try:
            while data := await loop.sock_recv(self._control, _RECEIVED_BYTES):
                *lines, received = (received + data).split(b"\n")
                for line in lines:
                    self._hear(parse(line))
        except (OSError, NotDecodable):
            pass  # Only a tool that got hold of the connection can say what is no JSON.
        finally:
            self._lose_all()
            self._control.close()
            await finish_despite_cancellation(end_process(self._process, self._mark))
            await hanging_up
        # Only now can the status be told.
        self._say_first({"failed": f"it ended before it was ready (exit status {self._process.returncode})"})

    def _hear(self, message: JsonValue) -> None:
        if not isinstance(message, Mapping):
            return
        if "ready" in message or "failed" in message:
            self._say_first(message)
        number = message.get("seen", message.get("ended"))
        if not isinstance(number, int):
            return
        if timer := self._unseen.pop(number, None):
            timer.cancel()
        if (future := self._seen.get(number)) and not future.done():
            future.set_result(None)
        if "ended" in message and (worker := self._workers.pop(number, None)):
            worker.on_ended(WorkerLost(_how(str(message.get("how")))))

    def _say_first(self, message: JsonObject) -> None:
        if not self._first_word.done():
            self._first_word.set_result(message)

    def _lose_all(self) -> None:
        self.is_alive = False
        for timer in self._unseen.values():
            timer.cancel()
        for future in self._seen.values():
            if not future.done():
                future.set_exception(ForkServerLost())
        for worker in self._workers.values():
            worker.on_ended(ForkServerLost())
        self._workers.clear()


def _connection() -> tuple[socket.socket, socket.socket]:
    """Our end, which does not block, and the other."""
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    return ours, theirs


def _how(words: str) -> str:
    if words.startswith("not started"):
        return f"No process could be started for the tool ({words.partition(': ')[2]})."
    return f"The tool's process ended before the tool had returned ({words})."
