"""How fast health is answered while many streams are relayed."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.programs import double
from benchmarks.relaying import Load
from benchmarks.relays import relays


async def health_while_relaying(load: Load) -> list[float]:
    """Milliseconds that each of a row of health requests took."""
    async with double(*load.flags) as ollama, relays(["mochi-server"], ollama.url) as [relay]:
        requests = await relay.requests(load.streams)
        async with _probe(relay.program.url) as times:
            await relay.read(requests, load.spread)
    return [seconds * 1000 for seconds in times]


@asynccontextmanager
async def _probe(url: str) -> AsyncIterator[list[float]]:
    """Seconds; there when the context is left. Asked from a process of its own: this one is busy with reading."""
    times: list[float] = []
    probe = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.health_probe",
        url,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield times
    told, _ = await probe.communicate(b"")
    times += map(float, told.split())
