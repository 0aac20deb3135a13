"""The tools of all servers in the file."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.mcp_tools.config import Config, read_config
from adapters.mcp_tools.failures import Unavailable
from adapters.mcp_tools.server import Server
from application.ports import toolbox as ports
from domain.errors import ToolNotFound, ValidationFailed
from domain.json_value import JsonObject
from domain.tool import Tool, ToolInventory, ToolOutcome, ToolSourceError

if TYPE_CHECKING:
    from adapters.mcp_tools.tools import ServerTool

PATIENCE_SECONDS = 5.0
"""How long an inventory waits for all servers' first attempts together."""


class McpToolbox(ports.Toolbox):
    """`config_file` need not exist. To be opened before it is used, and closed by who opened it.

    `timeout_seconds` is how long a call may take, the wait for a server that is being connected included.
    """

    def __init__(self, *, config_file: Path, timeout_seconds: float) -> None:
        self._config_file = config_file
        self._timeout_seconds = timeout_seconds
        self._config = Config()
        self._servers: dict[str, Server] = {}
        self._retiring: dict[asyncio.Task[None], Server] = {}
        self._patient_until = 0.0
        self._loading = asyncio.Lock()
        self._closed = False

    async def open(self) -> None:
        """Read the file and begin to connect; waits for no server. Raises nothing."""
        await self._load()

    async def aclose(self) -> None:
        """End all connections, processes and calls, within 2 s."""
        async with self._loading:
            self._closed = True
            servers = [*self._servers.values(), *self._retiring.values()]
            await asyncio.gather(*(server.aclose() for server in servers), *self._retiring)
            self._servers.clear()

    async def inventory(self) -> ToolInventory:
        await self._settle(*self._servers.values())
        tools: dict[str, Tool] = {}
        errors = [*self._config.errors]
        for server in self._in_order():
            errors += server.errors
            for name, found in server.tools.items():
                if name in tools:
                    errors.append(_clash(server, tools[name]))
                else:
                    tools[name] = found.tool
        return ToolInventory(tools=tools, errors=tuple(sorted(errors, key=lambda error: error.source)))

    async def reload(self) -> None:
        await self._load()
        await self._settle(*self._servers.values())

    async def check_arguments(self, tool_name: str, arguments: JsonObject) -> None:
        _, tool = await self._find(tool_name)
        tool.parameters.check(arguments)

    async def call(self, tool_name: str, arguments: JsonObject) -> ToolOutcome:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                server, tool = await self._find(tool_name)
                return await server.call(tool.remote_name, tool.parameters.check(arguments))
        except ToolNotFound as error:
            return ToolOutcome(text=error.message, error_code="TOOL_NOT_FOUND")
        except ValidationFailed as error:
            return ToolOutcome(text=error.message, error_code="VALIDATION_ERROR")
        except TimeoutError:
            words = f"The tool took longer than {self._timeout_seconds:g} seconds and was given up."
            return ToolOutcome(text=words, error_code="TOOL_TIMEOUT")
        except Unavailable as error:
            return ToolOutcome(text=str(error), error_code="TOOL_EXECUTION_FAILED")

    async def _find(self, tool_name: str) -> tuple[Server, "ServerTool"]:
        """Raises ToolNotFound."""
        for server in self._in_order():
            if tool_name.startswith(server.prefix) and tool_name not in server.tools:
                await self._settle(server)
            if tool_name in server.tools:
                return server, server.tools[tool_name]
        raise ToolNotFound(tool_name)

    def _in_order(self) -> Iterator[Server]:
        return iter(sorted(self._servers.values(), key=lambda server: server.source))

    async def _settle(self, *servers: Server) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._patient_until):
                for server in servers:
                    await server.settled()

    async def _load(self) -> None:
        async with self._loading:
            if self._closed:
                return
            self._config = await asyncio.to_thread(read_config, self._config_file, self._config)
            self._patient_until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
            for name, server in [*self._servers.items()]:
                if self._config.entries.get(name) == server.entry:
                    server.refresh()
                else:
                    self._retire(self._servers.pop(name))
            for name in self._config.entries.keys() - self._servers.keys():
                self._servers[name] = Server(name, self._config.entries[name])

    def _retire(self, server: Server) -> None:
        """Its calls that are under way end with it."""
        task = asyncio.create_task(server.close_when_idle())
        self._retiring[task] = server
        task.add_done_callback(self._retiring.pop)


def _clash(server: Server, other: Tool) -> ToolSourceError:
    return ToolSourceError(source=server.source, error=f"The tool `{other.name}` is left out: {other.source} has it.")
