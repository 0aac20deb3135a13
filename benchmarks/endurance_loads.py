"""What a server is to bear. Each load starts one of its own, and gives what it found with its target."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp

from benchmarks.event_order import API, check_stream, new_session, read_events
from benchmarks.held import Held, WatchedServer, watched
from benchmarks.programs import double
from benchmarks.table import Target

TOKENS: Final = 40
TOKENS_A_SECOND: Final = 1.0
SPREAD_SECONDS: Final = 15.0
HEARTBEAT_SECONDS: Final = 15.0
SETTLING_SECONDS: Final = 20.0
AT_ONCE: Final = 10
TURNS_A_SESSION: Final = 20
REPLAY_SECONDS: Final = 5.0
STOP_SECONDS: Final = 8.0
GROWN_MIB: Final = 5.0
SESSIONS_AT_ONCE: Final = 20


async def many_streams(count: int) -> Sequence[Target]:
    """All at once: they begin within a while that is far shorter than each of them takes."""
    async with serving("--tokens", str(TOKENS), "--per-second", str(TOKENS_A_SECOND)) as server:
        session_ids = await new_sessions(server.client, count)
        open_now = peak = 0

        async def ask(number: int, session_id: str) -> str | None:
            nonlocal open_now, peak
            await asyncio.sleep(SPREAD_SECONDS * number / count)
            open_now += 1
            peak = max(peak, open_now)
            fault = await check_stream(server.client, session_id, TOKENS)
            open_now -= 1
            return fault

        faults = await asyncio.gather(*(ask(number, session_id) for number, session_id in enumerate(session_ids)))
    return [
        Target("streams that were not open with all others, at most", 0, count - peak),
        Target("streams with an event lost, doubled or out of order, at most", 0, sum(map(bool, faults))),
    ]


async def idle_streams(count: int, seconds: float) -> Sequence[Target]:
    """Each says one token and then nothing; a heartbeat is due every 15 s."""
    async with serving("--tokens", "2", "--per-second", "0.0001") as server:
        session_ids = await new_sessions(server.client, count)
        before = await server.held()
        beats = dict.fromkeys(session_ids, 0)
        readers = [asyncio.create_task(count_beats(server.client, session_id, beats)) for session_id in session_ids]
        await asyncio.sleep(SETTLING_SECONDS)
        settled, counted = await server.held(), dict(beats)
        await asyncio.sleep(seconds)
        due = int(seconds / HEARTBEAT_SECONDS)
        # One may be on its way, at each end.
        missed = sum(beats[session_id] - counted[session_id] < due - 1 for session_id in session_ids)
        ended = sum(reader.done() for reader in readers)
        after = await server.held()
        for reader in readers:
            reader.cancel()
        await asyncio.wait(readers)
        left = await at_rest(server, before)
    return [
        Target(f"of {count} streams those that ended, at most", 0, ended),
        Target(f"streams with fewer than {due - 1} heartbeats, at most", 0, missed),
        Target("KiB a stream, at most", 60, (settled.resident_kib - before.resident_kib) / count),
        Target(f"MiB more after {seconds / 60:.1f} minutes, at most", GROWN_MIB, grown_mib(settled, after)),
        Target("files more when all readers had left, at most", 0, left.files - before.files),
        Target("tasks more when all readers had left, at most", 0, left.tasks - before.tasks),
    ]


async def many_turns(count: int) -> Sequence[Target]:
    """In conversations of twenty turns that are deleted afterwards: what stays is no cache and no history."""
    warming = min(2000, count // 2)
    async with serving("--tokens", "5", REPLAY_SECONDS=str(REPLAY_SECONDS)) as server:
        faults = await converse(server.client, warming)
        warm = await rested(server)
        faults += await converse(server.client, count - warming)
        after = await rested(server)
    return [
        Target(f"of {count} turns those that went wrong, at most", 0, faults),
        Target(f"MiB more after {count - warming} turns, at most", GROWN_MIB, grown_mib(warm, after)),
        Target("files more, at most", 0, after.files - warm.files),
        Target("tasks more, at most", 0, after.tasks - warm.tasks),
    ]


async def stop_amid_streams(count: int) -> Sequence[Target]:
    with tempfile.TemporaryDirectory() as folder:
        async with double("--tokens", "1000", "--per-second", "2") as ollama:
            async with watched(Path(folder), ollama.url) as server:
                session_ids = await new_sessions(server.client, count)
                readers = [asyncio.create_task(last_event(server.client, session_id)) for session_id in session_ids]
                await asyncio.sleep(SETTLING_SECONDS)
                begun = time.monotonic()
                os.kill(server.pid, signal.SIGTERM)
                while is_alive(server.pid):  # noqa: ASYNC110 - it calls nobody
                    await asyncio.sleep(0.01)
                took = time.monotonic() - begun
                ends = await asyncio.gather(*readers)
            async with watched(Path(folder), ollama.url) as server:
                kept = [await has_text(server.client, session_id) for session_id in session_ids]
    return [
        Target(f"seconds to a stop with {count} streams, at most", STOP_SECONDS, took),
        Target("readers without `done`, at most", 0, count - ends.count("done")),
        Target("sessions without their text, at most", 0, count - sum(kept)),
    ]


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@asynccontextmanager
async def serving(*flags: str, **environment: str) -> AsyncIterator[WatchedServer]:
    """A server over a new folder and over a double with these flags."""
    with tempfile.TemporaryDirectory() as folder:
        async with double(*flags) as ollama, watched(Path(folder), ollama.url, **environment) as server:
            yield server


async def new_sessions(client: aiohttp.ClientSession, count: int) -> list[str]:
    session_ids: list[str] = []
    for first in range(0, count, SESSIONS_AT_ONCE):
        size = min(SESSIONS_AT_ONCE, count - first)
        session_ids += await asyncio.gather(*(new_session(client) for _ in range(size)))
    return session_ids


async def count_beats(client: aiohttp.ClientSession, session_id: str, beats: dict[str, int]) -> None:
    async with client.post(f"{API}/chat/{session_id}/stream", json={"message": "go"}) as answer:
        async for line in answer.content:
            beats[session_id] += line.startswith(b":")


async def last_event(client: aiohttp.ClientSession, session_id: str) -> str:
    last = ""
    async with client.post(f"{API}/chat/{session_id}/stream", json={"message": "go"}) as answer:
        async for name, _, _ in read_events(answer):
            last = name
    return last


async def has_text(client: aiohttp.ClientSession, session_id: str) -> bool:
    async with client.get(f"{API}/sessions/{session_id}/messages") as answer:
        last = (await answer.json())["messages"][-1]
    return last["role"] == "assistant" and last["done_reason"] == "interrupted" and " token" in last["content"]


async def converse(client: aiohttp.ClientSession, turns: int) -> int:
    """How many of so many turns went wrong."""
    left = iter(range(turns // TURNS_A_SESSION))
    faults = 0

    async def work() -> None:
        nonlocal faults
        for _ in left:
            session_id = await new_session(client)
            for _ in range(TURNS_A_SESSION):
                faults += await last_event(client, session_id) != "done"
            async with client.delete(f"{API}/sessions/{session_id}") as answer:
                faults += answer.status != 204

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return faults


async def rested(server: WatchedServer) -> Held:
    """Once no run can be read again: the log lets go of those when the next one begins."""
    await asyncio.sleep(2 * REPLAY_SECONDS)
    await converse(server.client, TURNS_A_SESSION)
    await asyncio.sleep(2 * REPLAY_SECONDS)
    return await server.held()


async def at_rest(server: WatchedServer, before: Held) -> Held:
    """What is held when the ends of runs are stored; as it is after a while, where more than before is held."""
    held = await server.held()
    for _ in range(60):
        if held.files <= before.files and held.tasks <= before.tasks:
            break
        await asyncio.sleep(0.5)
        held = await server.held()
    return held


def grown_mib(before: Held, after: Held) -> float:
    return (after.resident_kib - before.resident_kib) / 1024
