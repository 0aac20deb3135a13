"""What the contract suite of the toolbox runs over. A new adapter adds one function here."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from adapters.mcp_tools.toolbox import McpToolbox
from adapters.python_tools.toolbox import PythonToolbox
from application.ports.toolbox import Toolbox
from domain.json_value import JsonObject
from tests.adapters.mcp_tools.bench import odd_entry, odd_tool
from tests.fakes.toolbox import FakeToolbox

TIMEOUT: Final = 6.0
"""Seconds of a subject's toolbox, where a call is to be given up."""

PATIENCE: Final = 60.0
"""Those of all others, for what takes a fraction of one on an idle machine."""

TOOLS: Final = '''
import time

def echo(text: str = "") -> str:
    """Says what it was told.

    Args:
        text: What to say.
    """
    return text

def fail(text: str = "") -> str:
    """Raises an error that says what it was told."""
    raise ValueError(text)

def sleep(text: str = "") -> str:
    """Sleeps for longer than a call may take."""
    time.sleep(3600)
    return text
'''
"""Each takes one optional `text`."""

ADDED: Final = '''
def added(text: str = "") -> str:
    """Was not there before."""
    return "added " + text
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A toolbox with the tools of TOOLS, each under `prefix` and its name. `add` makes the one of ADDED be found by the
    next reload."""

    toolbox: Toolbox
    add: Callable[[], None]
    prefix: str = ""


OpenToolbox: TypeAlias = Callable[[Path, float], AbstractAsyncContextManager[Subject]]
"""The folder is empty and the subject's own; then come the seconds that a call may take."""


@asynccontextmanager
async def _fake(_folder: Path, seconds: float) -> AsyncIterator[Subject]:
    async def echo(arguments: JsonObject) -> str:
        return str(arguments.get("text", ""))

    async def fail(arguments: JsonObject) -> str:
        raise ValueError(arguments.get("text"))

    async def sleep(arguments: JsonObject) -> str:
        await asyncio.sleep(3600)
        return await echo(arguments)

    async def added(arguments: JsonObject) -> str:
        return "added " + await echo(arguments)

    toolbox = FakeToolbox({"echo": echo, "fail": fail, "sleep": sleep}, timeout=seconds)
    yield Subject(toolbox=toolbox, add=lambda: toolbox.functions.update(added=added))


@asynccontextmanager
async def _python(folder: Path, seconds: float) -> AsyncIterator[Subject]:
    def add() -> None:
        (folder / "more.py").write_text(ADDED, encoding="utf-8")

    (folder / "tools.py").write_text(TOOLS, encoding="utf-8")
    toolbox = PythonToolbox(folder=folder, python=None, timeout_seconds=seconds)
    await toolbox.open()
    try:
        yield Subject(toolbox=toolbox, add=add)
    finally:
        await toolbox.aclose()


@asynccontextmanager
async def _mcp(folder: Path, seconds: float) -> AsyncIterator[Subject]:
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "additionalProperties": False}

    def add() -> None:
        (folder / "more.json").write_text(json.dumps([odd_tool("added", schema)]), encoding="utf-8")

    entry = odd_entry(pages=[[odd_tool(name, schema) for name in ("echo", "fail", "sleep")]], cwd=str(folder))
    (folder / "mcp_servers.json").write_text(json.dumps({"mcpServers": {"odd": entry}}), encoding="utf-8")
    toolbox = McpToolbox(config_file=folder / "mcp_servers.json", timeout_seconds=seconds)
    await toolbox.open()
    try:
        await toolbox.inventory()  # Nobody's first call is to wait for the SDK's import.
        yield Subject(toolbox=toolbox, add=add, prefix="odd__")
    finally:
        await toolbox.aclose()


TOOLBOXES: dict[str, OpenToolbox] = {"fake": _fake, "python": _python, "mcp": _mcp}
