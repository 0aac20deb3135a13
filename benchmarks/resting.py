"""What a server takes while it does nothing: its start, its memory, and that of streams that say nothing."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.programs import double, resident_kib
from benchmarks.relays import API, Name, opened
from benchmarks.streams import get, open_all, read_one

SETTLING_SECONDS: Final = 1.0
IDLE_SPREAD_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Rest:
    """Seconds to the first answer, and resident memory afterwards in MiB."""

    start_s: float
    resident_mib: float


async def rests(names: Sequence[Name], rounds: int) -> dict[Name, Rest]:
    """Without the settings for malloc: as a user starts them. The first start of each is not counted."""
    found: dict[Name, list[Rest]] = {name: [] for name in names}
    async with double() as ollama:
        for _ in range(rounds + 1):
            for name in names:
                found[name].append(await _rest(name, ollama.url))
    return {
        name: Rest(median(rest.start_s for rest in rests[1:]), median(rest.resident_mib for rest in rests[1:]))
        for name, rests in found.items()
    }


async def idle_streams(names: Sequence[Name], rounds: int, streams: int) -> dict[Name, float]:
    """KiB that an open stream takes which has said one token; sessions were there before."""
    found: dict[Name, list[float]] = {name: [] for name in names}
    async with double("--tokens", "2", "--per-second", "0.001") as ollama:
        for _ in range(rounds):
            for name in names:
                found[name].append(await _idle(name, ollama.url, streams))
    return {name: median(values) for name, values in found.items()}


async def _rest(name: Name, ollama: str) -> Rest:
    began = time.perf_counter()
    async with opened(name, ollama, {}) as relay:
        await read_one(relay.program.url, get(relay.program.url, f"{API}/health"))
        took = time.perf_counter() - began
        await asyncio.sleep(SETTLING_SECONDS)
        return Rest(took, resident_kib(relay.program.pid) / 1024)


async def _idle(name: Name, ollama: str, streams: int) -> float:
    async with opened(name, ollama, {}) as relay:
        async with open_all(relay.program.url, await relay.requests(20)):
            await asyncio.sleep(SETTLING_SECONDS)
        requests = await relay.requests(streams)
        before = resident_kib(relay.program.pid)
        async with open_all(relay.program.url, requests, IDLE_SPREAD_SECONDS):
            await asyncio.sleep(SETTLING_SECONDS)
            return (resident_kib(relay.program.pid) - before) / streams
