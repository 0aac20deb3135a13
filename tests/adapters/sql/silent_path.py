"""A path to a PostgreSQL server that forgets connections, as routers do: what is sent is lost, and nobody told."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy.engine import URL

_USUAL_PORT = 5432


class Passage:
    """One connection through the path; `heard` is how often something came over it."""

    def __init__(self) -> None:
        self.heard = 0
        self._is_forgotten = False

    def forget(self) -> None:
        self._is_forgotten = True

    async def forward(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                self.heard += 1
                if not self._is_forgotten:
                    writer.write(data)
                    await writer.drain()
        if not self._is_forgotten:
            writer.close()


class SilentPath:
    """`passages` are in the order in which they were opened; `url` is that of the server, by this path."""

    def __init__(self, server: URL) -> None:
        self.passages: list[Passage] = []
        self.url = server
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        listening = await asyncio.start_server(self._take, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        self.url = self._server.difference_update_query(["host"]).set(host="127.0.0.1", port=port)
        try:
            yield
        finally:
            listening.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def forget_all(self) -> None:
        """Those that are open now; new ones pass."""
        for passage in self.passages:
            passage.forget()

    def _take(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._tasks.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, from_client: StreamReader, to_client: StreamWriter) -> None:
        from_server, to_server = await self._connected()
        passage = Passage()
        self.passages.append(passage)
        try:
            await asyncio.gather(passage.forward(from_client, to_server), passage.forward(from_server, to_client))
        finally:
            for writer in (to_server, to_client):
                writer.close()

    async def _connected(self) -> tuple[StreamReader, StreamWriter]:
        port = self._server.port or _USUAL_PORT
        if folder := self._server.query.get("host"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        return await asyncio.open_connection(self._server.host, port)
