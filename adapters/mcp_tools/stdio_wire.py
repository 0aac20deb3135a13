"""The SDK's messages to and from a process.

The SDK's own `stdio_client` takes up to six seconds to stop a server, leaves it running where it is cancelled
meanwhile, sends a server's errors to our terminal, and reads lines of any length, at a cost that grows with the square.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

import anyio
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage

from adapters.mcp_tools.child import Child, start_child
from adapters.mcp_tools.entries import StdioEntry
from adapters.mcp_tools.lines import Lines
from adapters.mcp_tools.messages import message_of
from adapters.mcp_tools.watched import Incoming

_log = logging.getLogger(__name__)


class StdioWire:
    """One process, from its start to its end."""

    def __init__(self, server_name: str, entry: StdioEntry) -> None:
        self._server_name = server_name
        self._entry = entry
        self._child: Child | None = None

    @asynccontextmanager
    async def streams(self) -> AsyncIterator[tuple[Incoming, "_Outgoing"]]:
        """Raises CannotStart. The process is gone when the context has been left."""
        child = self._child = await start_child(self._entry, get_default_environment())
        try:
            yield _incoming(child), _Outgoing(child)
        finally:
            await child.stop()

    def ending(self) -> str:
        """What is known of why it ended. Its own words may hold anything, so they are for the log alone."""
        child = self._child
        if child is None or child.ended_with is None:
            return ""
        if child.last_words:
            _log.debug("The MCP server %s ended with these words: %s", self._server_name, child.last_words)
        code = child.ended_with
        return f"It ended with exit code {code}." if code >= 0 else f"It was ended by signal {-code}."

    def refuses_session(self, words: str) -> bool:
        """Its session is the process itself."""
        del words
        return False


async def _incoming(child: Child) -> AsyncGenerator[SessionMessage, None]:
    lines = Lines(child.stdout)
    while (line := await lines.next()) is not None:
        message = message_of(line)
        if message is not None:
            yield message


class _Outgoing:
    """Opening and closing is the process's business, not this stream's."""

    def __init__(self, child: Child) -> None:
        self._child = child

    async def send(self, item: SessionMessage, /) -> None:
        text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
        if not self._child.write(text.encode() + b"\n"):
            raise anyio.BrokenResourceError

    async def aclose(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        pass
