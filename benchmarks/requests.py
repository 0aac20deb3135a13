"""Single requests, one after the other: the first piece of text, short turns and lists."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import orjson

from benchmarks.conversations import session_file, write_sessions
from benchmarks.programs import Program, cpu_ns, double, mochi
from benchmarks.relays import API, Name, relays
from benchmarks.streams import get, post, read_one

NS_A_MS: Final = 1_000_000
SESSIONS_A_ROUND: Final = 4
TURNS_A_SESSION: Final = 5
LISTS_A_ROUND: Final = 20
AFTERMATH_SECONDS: Final = 0.02
"""What a request has the server do after the answer is its cost too."""

MESSAGES_A_LISTED_SESSION: Final = 20


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one request, in ms: wall time, and the CPU time of the server."""

    wall: float
    cpu: float


async def first_deltas(names: Sequence[Name], rounds: int, requests: int) -> dict[Name, float]:
    """Milliseconds from a request to the first piece of text, on an idle machine: the median of all."""
    times: dict[Name, list[float]] = {name: [] for name in names}
    async with double("--tokens", "2") as ollama, relays(names, ollama.url) as opened:
        for _ in range(rounds):
            for relay in opened:
                for request in await relay.requests(requests):
                    stream = await read_one(relay.program.url, request)
                    times[relay.name].append(stream.first_delta_ns / NS_A_MS)
    return {name: median(values) for name, values in times.items()}


async def short_turns(lengths: Sequence[int], rounds: int) -> dict[int, Cost]:
    """An answer of one token, by the number of messages before it; wall time without what the model's double took."""
    costs: dict[int, list[Cost]] = {length: [] for length in lengths}
    with tempfile.TemporaryDirectory() as folder:
        async with double("--tokens", "1") as ollama, mochi(Path(folder), ollama.url) as server:
            for _ in range(rounds * SESSIONS_A_ROUND):
                ids = {length: await _imported(server, length) for length in lengths}
                for _ in range(TURNS_A_SESSION):
                    for length, session_id in ids.items():
                        costs[length].append(await _turn(server, ollama, session_id))
    return {length: _median(values) for length, values in costs.items()}


async def lists(sessions: int, rounds: int) -> tuple[Cost, Cost]:
    """The first page of 50 right after the start, and later."""
    first, later = [], []
    with tempfile.TemporaryDirectory() as folder:
        await asyncio.to_thread(write_sessions, Path(folder, "chat_sessions"), sessions, MESSAGES_A_LISTED_SESSION)
        for _ in range(rounds):
            async with double() as ollama, mochi(Path(folder), ollama.url) as server:
                request = get(server.url, f"{API}/sessions?limit=50")
                first.append(await _cost(server, request))
                later += [await _cost(server, request) for _ in range(LISTS_A_ROUND)]
    return _median(first), _median(later)


async def _imported(server: Program, length: int) -> str:
    body = orjson.loads(session_file(length))
    answer = await read_one(server.url, post(server.url, f"{API}/sessions/import", body))
    return str(orjson.loads(answer.bytes.partition(b"\r\n\r\n")[2])["session_id"])


async def _turn(server: Program, ollama: Program, session_id: str) -> Cost:
    model_began = cpu_ns(ollama.pid)
    cost = await _cost(server, post(server.url, f"{API}/chat/{session_id}", {"message": "go"}))
    return Cost(cost.wall - (cpu_ns(ollama.pid) - model_began) / NS_A_MS, cost.cpu)


async def _cost(server: Program, request: bytes) -> Cost:
    began = cpu_ns(server.pid)
    stream = await read_one(server.url, request)
    await asyncio.sleep(AFTERMATH_SECONDS)
    return Cost(stream.whole_ns / NS_A_MS, (cpu_ns(server.pid) - began) / NS_A_MS)


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(median(cost.wall for cost in costs), median(cost.cpu for cost in costs))
