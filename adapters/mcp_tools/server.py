"""One server of the file: its tools, and the calls of them."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from adapters.mcp_tools.entries import Entry, source_of
from adapters.mcp_tools.failures import SessionLost, Unavailable
from adapters.mcp_tools.link import Link
from domain.json_value import JsonValue
from domain.tool import ToolOutcome, ToolSourceError

if TYPE_CHECKING:
    from adapters.mcp_tools.tools import ServerTool


_NOT_YET = "It has not answered yet. Its tools are there when it does."


class Server:
    """Begins to connect when it is made."""

    def __init__(self, name: str, entry: Entry) -> None:
        self.source = source_of(name)
        self.prefix = f"{name}__"
        self.entry = entry
        self._name = name
        self._link = Link(name, entry)
        self._calls_under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def tools(self) -> "Mapping[str, ServerTool]":
        """Those that it last told, connected or not."""
        return self._link.listing.tools if self._link.listing else {}

    @property
    def errors(self) -> tuple[ToolSourceError, ...]:
        of_tools = self._link.listing.errors if self._link.listing else ()
        why_not = self._link.error or (None if self._link.listing else _NOT_YET)
        return (ToolSourceError(source=self.source, error=why_not), *of_tools) if why_not else of_tools

    async def settled(self) -> None:
        """Until the attempt or the look that is under way has come to something."""
        await self._link.settled()

    def refresh(self) -> None:
        self._link.refresh()

    async def call(self, remote_name: str, arguments: dict[str, JsonValue]) -> ToolOutcome:
        """Raises Unavailable. It ends when its caller is cancelled."""
        self._calls_under_way += 1
        self._idle.clear()
        try:
            return await self._call(remote_name, arguments)
        except SessionLost:
            raise Unavailable(f"The MCP server `{self._name}` forgets its sessions.") from None
        finally:
            self._calls_under_way -= 1
            if not self._calls_under_way:
                self._idle.set()

    async def close_when_idle(self) -> None:
        await self._idle.wait()
        await self.aclose()

    async def aclose(self) -> None:
        """Within 2 s. Calls that are under way fail."""
        await self._link.aclose()

    async def _call(self, remote_name: str, arguments: dict[str, JsonValue]) -> ToolOutcome:
        connection = await self._link.connected()
        try:
            return await connection.call(remote_name, arguments)
        except SessionLost:
            # Nothing was done yet.
            self._link.renew(connection)
            return await (await self._link.connected()).call(remote_name, arguments)
