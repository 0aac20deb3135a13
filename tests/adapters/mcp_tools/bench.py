"""A toolbox on a file of its own, and what the servers in it do."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.mcp_tools.toolbox import McpToolbox
from domain.tool import ToolInventory

HERE = Path(__file__).parent
EMPTY = {"type": "object"}


def sdk_entry(**env: str) -> dict[str, Any]:
    return {"command": sys.executable, "args": [str(HERE / "sdk_server.py"), "stdio"], "env": env}


def odd_entry(*tool_names: str, manner: str = "plain", **more: Any) -> dict[str, Any]:
    """A server that starts in an instant. `pages` are its lists of tools, where names alone do not say it."""
    pages = more.pop("pages", [[odd_tool(name) for name in tool_names]])
    plan = json.dumps({"manner": manner, "pages": pages})
    return {"command": sys.executable, "args": ["-I", "-S", str(HERE / "odd_server.py"), plan], **more}


def odd_tool(name: str, schema: Mapping[str, Any] = EMPTY) -> dict[str, Any]:
    return {"name": name, "description": f"The tool {name}.", "inputSchema": schema}


@contextmanager
def http_server(style: str, port: int = 0) -> Iterator[int]:
    """Its port. It is dead when the context has been left."""
    arguments = [sys.executable, str(HERE / "sdk_server.py"), "http", style, str(port)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@dataclass
class Notes:
    """What servers tell, a line at a time; `gone` where one's process has ended."""

    address: str
    told: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)

    async def next(self) -> str:
        async with asyncio.timeout(10):
            return await self.told.get()

    async def expect(self, *told: str) -> None:
        """All of them, in whatever order."""
        assert sorted([await self.next() for _ in told]) == sorted(told)


@asynccontextmanager
async def taking_notes() -> AsyncIterator[Notes]:
    folder = tempfile.TemporaryDirectory()  # A socket's path must be short, and those of pytest are not.
    notes = Notes(str(Path(folder.name) / "notes"))

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            notes.told.put_nowait(line.decode().strip())
        notes.told.put_nowait("gone")
        writer.close()

    with folder:
        async with await asyncio.start_unix_server(take, notes.address):
            yield notes


@dataclass
class Bench:
    """Toolboxes are closed by the one who opened the bench."""

    folder: Path
    toolboxes: list[McpToolbox] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "mcp_servers.json"

    def write(self, **servers: Mapping[str, Any]) -> None:
        self.file.write_text(json.dumps({"mcpServers": servers}))

    async def open(self, *, timeout_seconds: float = 10.0, **servers: Mapping[str, Any]) -> McpToolbox:
        self.write(**servers)
        toolbox = McpToolbox(config_file=self.file, timeout_seconds=timeout_seconds)
        self.toolboxes.append(toolbox)
        await toolbox.open()
        return toolbox


async def inventory_when(toolbox: McpToolbox, condition: Callable[[ToolInventory], bool]) -> ToolInventory:
    """The first inventory that is so."""
    async with asyncio.timeout(10):
        while not condition(inventory := await toolbox.inventory()):  # noqa: ASYNC110 - there is no event to await
            await asyncio.sleep(0.02)
    return inventory
