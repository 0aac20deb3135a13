"""A server with the demo model, some tools and agents, in a process of its own."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds for what takes a fraction of one on an idle machine."""


class FuzzedServer:
    def __init__(self, url: str, rest_of_log: "asyncio.Task[bytes]") -> None:
        self.url = url
        self._rest = rest_of_log

    async def log(self) -> str:
        """What it logged, once it has ended."""
        return (await self._rest).decode(errors="replace")


@asynccontextmanager
async def fuzzed_server(folder: Path, **settings: str) -> AsyncIterator[FuzzedServer]:
    """On leaving it is asked to end."""
    for name in ("tools", "agents"):
        shutil.copytree(ROOT / "examples" / name, folder / name)
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MOCHI_")}
    given = {"llm": "demo", "port": "0", "data_dir": str(folder), **settings}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mochi_server"),
        cwd=folder,
        env={**outer, "PYTHONPATH": str(ROOT), **{f"MOCHI_{name.upper()}": value for name, value in given.items()}},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        url = await _address_in(process.stderr)
        yield FuzzedServer(url, asyncio.create_task(process.stderr.read()))
        process.terminate()
    finally:
        if process.returncode is None:
            try:
                async with asyncio.timeout(PATIENCE):
                    await process.wait()
            except TimeoutError:
                process.kill()


async def _address_in(log: asyncio.StreamReader) -> str:
    seen = b""
    async with asyncio.timeout(PATIENCE):
        async for line in log:
            seen += line
            if found := re.search(rb"http://127\.0\.0\.1:\d+", line):
                return found[0].decode()
    raise AssertionError(f"the server ended before it told its address:\n{seen.decode()}")
