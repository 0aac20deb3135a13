"""One connection to a server. This module brings in the SDK, so it is imported late, in a thread."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol

from mcp import Client, MCPError
from mcp_types import CONNECTION_CLOSED, METHOD_NOT_FOUND, REQUEST_TIMEOUT, ToolListChangedNotification
from mcp_types import Tool as RemoteTool

from adapters.mcp_tools.calls import Broken, Calls
from adapters.mcp_tools.entries import Entry, StdioEntry
from adapters.mcp_tools.failures import SessionLost, Unavailable, cause_of, words_for
from adapters.mcp_tools.http_wire import HttpWire
from adapters.mcp_tools.results import outcome_of
from adapters.mcp_tools.stdio_wire import StdioWire
from adapters.mcp_tools.tools import Listing, listing_of
from adapters.mcp_tools.watched import Incoming, Outgoing, Watched
from domain.json_value import JsonValue
from domain.tool import ToolOutcome

_MOST_PAGES = 100
_ANNOUNCEMENT_SECONDS = 0.2
_CONNECTION_CLOSED = "Connection closed"
"""The SDK's words: the code stands for single answers that broke off too."""

_CLOSED = "The connection to the tool's server ended during the call, which may or may not have been done."


class Wire(Protocol):
    """The way to a server."""

    def streams(self) -> AbstractAsyncContextManager[tuple[Incoming, Outgoing]]: ...

    def ending(self) -> str:
        """What is known of why it ended, once it has."""
        ...

    def refuses_session(self, words: str) -> bool:
        """Whether an error of these words says that the server does not know the session any more."""
        ...


class Connector:
    """One attempt to connect, and what came of it."""

    def __init__(self, server_name: str, entry: Entry) -> None:
        self._server_name = server_name
        self._wire: Wire = StdioWire(server_name, entry) if isinstance(entry, StdioEntry) else HttpWire(entry)

    def ending(self) -> str:
        """What the wire knows of why it ended."""
        return self._wire.ending()

    @asynccontextmanager
    async def connected(self, on_news: Callable[[], None]) -> AsyncIterator["Connection"]:
        """To be entered and left by one task. Raises whatever the SDK and the wire do, in groups too.

        The handshake of 2025 comes first: every server speaks it, and some end at the sight of another. One that
        refuses it is asked in the way of 2026.
        """
        calls = Calls()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(calls.finish)
            try:
                opened = await stack.enter_async_context(_opened(self._wire, "legacy", on_news))
            except Exception as error:
                if not _is_refusal(cause_of(error)):
                    raise
                opened = await stack.enter_async_context(_opened(self._wire, "auto", on_news))
            yield Connection(self._server_name, self._wire, *opened, calls)
            await calls.abandon()


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, MCPError) and error.code not in (CONNECTION_CLOSED, REQUEST_TIMEOUT)


@asynccontextmanager
async def _opened(wire: Wire, mode: str, on_news: Callable[[], None]) -> AsyncIterator[tuple[Client, "News"]]:
    news = News(on_news)
    async with Client(_watched(wire, news), mode=mode, message_handler=news.on_message, cache=None) as client:
        yield client, news


@asynccontextmanager
async def _watched(wire: Wire, news: "News") -> AsyncIterator[tuple[Watched, Outgoing]]:
    async with wire.streams() as (incoming, outgoing):
        yield Watched(incoming, news.end), outgoing


class News:
    """What its owner has to know of a connection: that it ended, that there may be other tools."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self.ended = False
        self.new_tools = False
        self._tell = tell

    def end(self) -> None:
        self.ended = True
        self._tell()

    async def on_message(self, message: object) -> None:
        if isinstance(message, ToolListChangedNotification):
            # Many are often announced one by one; and who announces at each look would keep us looking.
            await asyncio.sleep(_ANNOUNCEMENT_SECONDS)
            self.new_tools = True
            self._tell()


class Connection:
    """Tools and calls of a server that answered the handshake. Any task may use it, until its own task leaves it."""

    def __init__(self, server_name: str, wire: Wire, client: Client, news: News, calls: Calls) -> None:
        self.news = news
        self._wire = wire
        self._server_name = server_name
        self._client = client
        self._calls = calls

    async def list_tools(self) -> Listing:
        self.news.new_tools = False
        try:
            tools = await self._all_tools()
        except MCPError as error:
            if error.code != METHOD_NOT_FOUND:
                raise
            tools = []  # It offers prompts or resources alone.
        return await asyncio.to_thread(listing_of, self._server_name, tools)

    async def _all_tools(self) -> list[RemoteTool]:
        tools: list[RemoteTool] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await self._client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if cursor is None:
                break
        return tools

    async def call(self, remote_name: str, arguments: dict[str, JsonValue]) -> ToolOutcome:
        """Raises Unavailable, and SessionLost."""
        try:
            return await self._calls.run(self._answer(remote_name, arguments))
        except Broken:
            raise Unavailable(_CLOSED) from None

    async def _answer(self, remote_name: str, arguments: dict[str, JsonValue]) -> ToolOutcome:
        try:
            return outcome_of(await self._client.call_tool(remote_name, arguments))
        except MCPError as error:
            if error.code == CONNECTION_CLOSED and error.message == _CONNECTION_CLOSED:
                raise Unavailable(_CLOSED) from error
            if self._wire.refuses_session(error.message):
                raise SessionLost from error
            words = words_for(error, "")
        except Exception as error:  # noqa: BLE001 - whatever a result makes the SDK raise is its call's outcome
            words = words_for(error, "")
        return ToolOutcome(text=words, error_code="TOOL_EXECUTION_FAILED")
