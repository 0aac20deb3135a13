"""Many streams at once: is any event lost, doubled or out of order, and how fast is health meanwhile?

python -m benchmarks.event_order [--streams 200] [--events 200] [--per-second 20] [--spread 4]
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import orjson

from benchmarks.programs import double, mochi

API = "/api/v1"


async def ask(client: aiohttp.ClientSession, events: int, delay: float) -> str | None:
    """What was wrong with one stream of a new session, begun after `delay` seconds; None where nothing was."""
    await asyncio.sleep(delay)
    return await check_stream(client, await new_session(client), events)


async def new_session(client: aiohttp.ClientSession) -> str:
    async with client.post(f"{API}/sessions", json={"model": "tiny"}) as answer:
        return str((await answer.json())["session_id"])


async def check_stream(client: aiohttp.ClientSession, session_id: str, events: int) -> str | None:
    """What was wrong with the stream of a run of so many pieces of text; None where nothing was."""
    sequences: list[int] = []
    names: list[str] = []
    async with client.post(f"{API}/chat/{session_id}/stream", json={"message": "go"}) as answer:
        async for name, event_id, _ in read_events(answer):
            sequences.append(int(event_id.rpartition(":")[2]))
            names.append(name)
    if sequences != list(range(1, len(sequences) + 1)):
        return f"the numbers are not 1 to {len(sequences)}"
    expected = ["run_start", *["content_delta"] * events, "message_complete", "done"]
    return None if names == expected else f"{len(names)} events instead of {len(expected)}"


async def read_events(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, str, dict[str, str]]]:
    """Name, id and data of each event."""
    tail = b""
    async for block in answer.content.iter_any():
        *frames, tail = (tail + block).split(b"\n\n")
        for frame in frames:
            fields = dict(line.partition(b": ")[::2] for line in frame.split(b"\n"))
            if b"event" in fields:
                yield fields[b"event"].decode(), fields[b"id"].decode(), orjson.loads(fields[b"data"])


@asynccontextmanager
async def health_times(url: str) -> AsyncIterator[list[float]]:
    """Seconds that each of a row of health requests took, one every 20 ms; there when the context is left.

    Asked from a process of its own: this one is busy with reading streams.
    """
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
    times += sorted(map(float, told.split()))


async def main(streams: int, events: int, per_second: float, spread: float) -> None:
    pace = ["--per-second", str(per_second)] if per_second else []
    with tempfile.TemporaryDirectory() as folder:
        async with (
            double("--tokens", str(events), *pace) as ollama,
            mochi(Path(folder), ollama.url) as server,
            aiohttp.ClientSession(
                server.url, connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
            ) as client,
            health_times(server.url) as health,
        ):
            began = time.perf_counter()
            asked = [ask(client, events, spread * number / streams) for number in range(streams)]
            faults = [fault for fault in await asyncio.gather(*asked) if fault]
            seconds = time.perf_counter() - began
    print(f"{streams} streams of {events} events in {seconds:.1f} s: {len(faults)} with a fault", *faults[:5], sep="\n")
    print(
        f"health meanwhile, ms: median {health[len(health) // 2] * 1000:.1f}, "
        f"p99 {health[len(health) * 99 // 100] * 1000:.1f}, worst {health[-1] * 1000:.1f} ({len(health)} requests)"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--per-second", type=float, default=20, help="tokens a second of each stream; 0: all at once")
    parser.add_argument("--spread", type=float, default=4, help="seconds over which the streams begin")
    given = parser.parse_args()
    asyncio.run(main(given.streams, given.events, given.per_second, given.spread))
