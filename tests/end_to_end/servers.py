"""Whole servers: the application as it is composed in production, in this process or in one of its own."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from entrypoints.lifespan import create_app
from entrypoints.serving import listening
from entrypoints.settings import Settings
from tests.end_to_end.api import PATIENCE, Api, Json, api_at
from tests.warm.programs import WarmProcess, start_warm

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def served(folder: Path, ollama_url: str, **settings: Json) -> AsyncIterator[Api]:
    """A server in this process, over session files in `folder`.

    Without summaries, unless `settings` say so: one in the background would take an answer that a test meant for a run.
    """
    settings = {"summarization_enabled": False, **settings}
    app = create_app(Settings(data_dir=folder, ollama_host=ollama_url, port=0, **settings))
    async with listening(app, "127.0.0.1", 0) as [bound], api_at(bound.url) as api:
        yield api


class ServerProcess:
    """A server in a process of its own."""

    def __init__(self, process: Process | WarmProcess, url: str, drained: "asyncio.Task[bytes]") -> None:
        self.process = process
        self.url = url
        self._drained = drained

    async def log(self) -> bytes:
        """What it has logged since it told its address, once it has ended."""
        return await asyncio.shield(self._drained)

    async def end(self, signal_number: int) -> int:
        """Send the signal and give the exit code. Raises TimeoutError where it does not end."""
        self.process.send_signal(signal_number)
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def running(
    folder: Path, ollama_url: str, program: Sequence[str] = (), **settings: str
) -> AsyncIterator[tuple[ServerProcess, Api]]:
    """`settings` by their field names; without summaries, unless they say so. What still runs on leaving is killed.

    Python is started where there are arguments for it in `program`; else a process that has imported the server is
    forked, for a start costs more than most tests do.
    """
    standing = {"port": "0", "data_dir": str(folder), "ollama_host": ollama_url, "summarization_enabled": "false"}
    given = {**standing, **settings}
    outer = {name: value for name, value in os.environ.items() if not name.upper().startswith("MOCHI_")}
    variables = {f"MOCHI_{name.upper()}": value for name, value in given.items()}
    environment = {**outer, "PYTHONPATH": str(ROOT), **variables}
    process = await _started(program, folder, environment)
    try:
        url, drained = await _url_of(process)
        async with api_at(url) as api:
            yield ServerProcess(process, url, drained), api
        if process.returncode is None:
            process.kill()
        await drained
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _started(program: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Process | WarmProcess:
    if not program:
        return await start_warm(cwd=folder, env=environment, stdout=DEVNULL)
    return await asyncio.create_subprocess_exec(
        sys.executable, *program, cwd=folder, env=environment, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
    )


async def _url_of(process: Process | WarmProcess) -> tuple[str, asyncio.Task[bytes]]:
    """The address that the log names, and a task that reads the rest of the log, so that it never fills its pipe."""
    assert process.stderr is not None
    seen = b""
    async with asyncio.timeout(PATIENCE):
        async for line in process.stderr:
            seen += line
            if found := re.search(rb"http://127\.0\.0\.1:\d+", line):
                return found[0].decode(), asyncio.create_task(process.stderr.read())
    raise AssertionError(f"the server ended before it told its address:\n{seen.decode()}")
