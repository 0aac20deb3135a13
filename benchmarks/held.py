"""What a watched server holds, asked from outside."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.programs import STEADY_MALLOC, running

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Held:
    """Right after a collection of garbage."""

    tasks: int
    files: int
    resident_kib: int
    objects: int


class WatchedServer:
    def __init__(self, url: str, pid: int, watch_file: Path, client: aiohttp.ClientSession) -> None:
        self.url = url
        self.pid = pid
        self.client = client
        self._watch_file = watch_file

    async def held(self) -> Held:
        self._watch_file.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self._watch_file.exists():  # noqa: ASYNC110 - the file of another process calls nobody
                await asyncio.sleep(0.02)
        return Held(**json.loads(self._watch_file.read_text(encoding="utf-8")))


@asynccontextmanager
async def watched(folder: Path, ollama: str, **environment: str) -> AsyncIterator[WatchedServer]:
    """A server over session files in `folder`, and a client without limits."""
    watch_file = folder / "held.json"
    variables = {
        "MOCHI_PORT": "0",
        "MOCHI_DATA_DIR": str(folder),
        "MOCHI_OLLAMA_HOST": ollama,
        "MOCHI_SUMMARIZATION_ENABLED": "false",
        "WATCH_FILE": str(watch_file),
    }
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        running(["benchmarks.watched_server"], {**STEADY_MALLOC, **variables, **environment}) as program,
        aiohttp.ClientSession(program.url, connector=connector, timeout=timeout) as client,
    ):
        yield WatchedServer(program.url, program.pid, watch_file, client)
