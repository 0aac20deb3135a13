"""A server's connection, kept. What is imported here costs nothing: the SDK comes with the first connection."""

import asyncio
import logging
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from adapters.mcp_tools.entries import Entry
from adapters.mcp_tools.failures import Unavailable, words_for

if TYPE_CHECKING:
    from adapters.mcp_tools.connection import Connection, Connector
    from adapters.mcp_tools.tools import Listing

CONNECT_SECONDS = 10.0
"""How long a server may take to answer the handshake, and to tell its tools."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds between a connection's end and the next attempt, doubled each time. One that lasted longer than the longest
pause begins at the first again."""

_CLOSE_SECONDS = 1.4
_log = logging.getLogger(__name__)


def _connector(name: str, entry: Entry) -> "Connector":
    """Raises ImportError where the SDK is not installed."""
    from adapters.mcp_tools.connection import Connector  # noqa: PLC0415 - 0.7 s and 23 MB, for those who have servers

    return Connector(name, entry)


class Link:
    """Its task connects, keeps the connection, and connects anew: the SDK's scopes must be left by who entered them.

    `listing` is what was last told, and stays when the connection ends. `error` says why there is no connection.
    """

    def __init__(self, name: str, entry: Entry) -> None:
        self.listing: Listing | None = None
        self.error: str | None = None
        self._name = name
        self._entry = entry
        self._reported: str | None = None
        self._connection: Connection | None = None
        self._stopping = False
        self._renewing = False
        self._to_refresh = False
        self._news = asyncio.Event()
        self._settled = asyncio.Event()
        self._task = asyncio.create_task(self._own(), name=f"mcp server {name}")

    async def settled(self) -> None:
        """Until the attempt or the look that is under way has come to something."""
        await self._settled.wait()

    async def connected(self) -> "Connection":
        """Waits for an attempt that is under way. Raises Unavailable."""
        if self._connection is None:
            await self._settled.wait()
        if self._connection is None:
            raise Unavailable(f"The MCP server `{self._name}` is not available. {self.error or ''}".rstrip())
        return self._connection

    def refresh(self) -> None:
        """Ask for its tools anew; where it is not connected, without waiting for the pause to end."""
        self._to_refresh = True
        self._settled.clear()
        self._news.set()

    def renew(self, lost: "Connection") -> None:
        """Connect anew at once, where that has not been done yet."""
        if lost is self._connection:
            self._connection = None
            self._settled.clear()
            self._renewing = True
            lost.news.end()

    async def aclose(self) -> None:
        """Within 2 s. Calls that are under way fail."""
        self._stopping = True
        self._news.set()
        if self._connection is not None:
            await asyncio.wait({self._task}, timeout=_CLOSE_SECONDS)
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _own(self) -> None:
        loop, pause = asyncio.get_running_loop(), FIRST_PAUSE
        try:
            while not self._stopping:
                began = loop.time()
                self._settled.clear()
                self._to_refresh = False
                self._down(await self._live())
                if self._renewing:
                    self._renewing = False
                    continue
                self._settled.set()
                pause = FIRST_PAUSE if loop.time() - began > LONGEST_PAUSE else pause
                await self._rest(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            self._connection = None
            self._settled.set()

    async def _rest(self, seconds: float) -> None:
        self._news.clear()
        if not (self._stopping or self._to_refresh):
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()

    async def _live(self) -> str:
        """One connection, from its opening to its end. Returns why there is none any more."""
        connector: Connector | None = None
        failure: BaseException | None = None
        try:
            connector = await asyncio.to_thread(_connector, self._name, self._entry)
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(CONNECT_SECONDS):
                    connection = await stack.enter_async_context(connector.connected(self._news.set))
                    listing = await connection.list_tools()
                self._up(connection, listing)
                await self._attend(connection)
        except TimeoutError:
            failure = Unavailable(f"It did not answer within {CONNECT_SECONDS:g} seconds")
        # A group may hold a cancellation that the SDK's own scopes brought about.
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - whatever a server brings about is its own
            failure = error
        return words_for(failure, "" if connector is None else connector.ending())

    async def _attend(self, connection: "Connection") -> None:
        while not (self._stopping or connection.news.ended):
            if self._to_refresh or connection.news.new_tools:
                self._to_refresh = False
                async with asyncio.timeout(CONNECT_SECONDS):
                    self._up(connection, await connection.list_tools())
            await self._news.wait()
            self._news.clear()

    def _up(self, connection: "Connection", listing: "Listing") -> None:
        self._connection = connection
        self.error = None
        self.listing = listing
        self._report(None)
        self._settled.set()

    def _down(self, why: str) -> None:
        self._connection = None
        if not (self._renewing or self._stopping):
            self.error = why
            self._report(why)

    def _report(self, why: str | None) -> None:
        """Once for each thing that is new, however often it is tried."""
        if why == self._reported:
            return
        self._reported = why
        if why is None:
            _log.info("The MCP server %s is there again", self._name)
        else:
            _log.warning("The MCP server %s is not available: %s", self._name, why)
