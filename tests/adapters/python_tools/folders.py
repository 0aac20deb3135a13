"""Tools folders for tests, the toolboxes over them, and a look at what they leave running."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from textwrap import dedent

from adapters.python_tools.toolbox import PythonToolbox
from domain.json_value import JsonObject
from domain.tool import Tool

MARK = "TESTED_TOOLS_OF"
"""What this variable says to us, every process of a tool inherits."""


def write(folder: Path, sources: Mapping[str, str | bytes]) -> None:
    """Files by their path within the folder."""
    for name, text in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dedent(text).encode() if isinstance(text, str) else text)


@asynccontextmanager
async def opened(
    folder: Path,
    sources: Mapping[str, str | bytes] | None = None,
    *,
    timeout_seconds: float = 20.0,
    python: Path | None = None,
) -> AsyncIterator[PythonToolbox]:
    write(folder, sources or {})
    toolbox = PythonToolbox(folder=folder, python=python, timeout_seconds=timeout_seconds)
    await toolbox.open()
    try:
        yield toolbox
    finally:
        await toolbox.aclose()


async def tool_of(folder: Path, source: str, name: str = "tool") -> Tool:
    """The tool of a single file."""
    async with opened(folder, {"source.py": source}) as toolbox:
        inventory = await toolbox.inventory()
    assert not inventory.errors, inventory.errors
    return inventory.tools[name]


async def errors_of(folder: Path, sources: Mapping[str, str | bytes] | None = None) -> Mapping[str, str]:
    """By source; those of one source on lines of their own."""
    async with opened(folder, sources) as toolbox:
        inventory = await toolbox.inventory()
    found: dict[str, str] = {}
    for error in inventory.errors:
        found[error.source] = f"{found[error.source]}\n{error.error}" if error.source in found else error.error
    return found


async def result(toolbox: PythonToolbox, tool: str, **arguments: JsonObject | str | float | list[int] | None) -> str:
    outcome = await toolbox.call(tool, arguments)
    assert outcome.success, outcome
    return outcome.text


def running() -> list[int]:
    """Process ids of what the tools of this test have started, in whatever session it is, and whoever is its parent."""
    needle = f"{MARK}={os.environ[MARK]}".encode()
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and int(path.name) != os.getpid():
            with suppress(OSError):
                if needle in (path / "environ").read_bytes().split(b"\0"):
                    found.append(int(path.name))
    return found
