"""One line out, one line back: the connection to a worker."""

import asyncio
import socket
from collections.abc import Callable
from typing import Final, cast

from adapters.python_tools.failures import NoAnswer, WorkerLost

REPLY_BYTES: Final = 4 << 20
"""A result of 100,000 characters takes less than 1 MiB; the rest is for sources with very many tools."""


class Channel(asyncio.Protocol):
    """Whatever comes that was not asked for breaks it, and a broken channel stays so."""

    def __init__(self, on_broken: Callable[[], None]) -> None:
        self._on_broken = on_broken
        self._received = bytearray()
        self._reply: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self.is_broken = False

    @classmethod
    async def over(cls, connection: socket.socket, on_broken: Callable[[], None]) -> "Channel":
        loop = asyncio.get_running_loop()
        _, channel = await loop.create_unix_connection(lambda: cls(on_broken), sock=connection)
        return channel

    async def ask(self, line: bytes) -> bytes:
        """The line that comes next. Raises WorkerLost, NoAnswer. Whoever is cancelled here must not ask again."""
        if self.is_broken or self._transport is None:
            raise WorkerLost("The tool's process is gone.")
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(line)
        return await self._reply

    def close(self) -> None:
        """Break it ourselves."""
        if self._transport is not None:
            self._transport.abort()
        self._break()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._reply is None or self._reply.done():
            self.close()
            return
        searched = len(self._received)
        self._received += data
        end = self._received.find(b"\n", searched)
        if end == len(self._received) - 1:
            reply, self._received = bytes(self._received), bytearray()
            self._reply.set_result(reply)
        elif end >= 0 or len(self._received) > REPLY_BYTES:
            self._reply.set_exception(NoAnswer())
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        self._break()

    def _break(self) -> None:
        if self.is_broken:
            return
        self.is_broken = True
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(WorkerLost("The tool's process broke off before the tool had returned."))
        self._on_broken()
