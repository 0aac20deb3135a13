"""What tools do to the server: health while 32 of them are at work, and answers given the instant they are asked for.

python -m benchmarks.busy_tools [--answers 1000]
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import orjson

from benchmarks.event_order import health_times, read_events
from benchmarks.programs import mochi
from tests.doubles.ollama_server.script import Piece, Reply, tool_call
from tests.doubles.ollama_server.server import OllamaServer

API: Final = "/api/v1"
MODEL: Final = "tiny-tools"
AT_WORK: Final = 32
BUSY_SECONDS: Final = 5.0
HEALTH_P99_MS: Final = 50.0
SESSIONS: Final = 20
DOUBLED: Final = 100
TOOLS: Final = """
import time
from pathlib import Path

COUNT = Path(__file__).with_name("count")

def block() -> str:
    time.sleep({seconds})
    return "slept"

def spin() -> str:
    end = time.monotonic() + {seconds}
    while time.monotonic() < end:
        pass
    return "spun"

def allocate() -> str:
    held = []
    end = time.monotonic() + {seconds}
    while time.monotonic() < end:
        held.append(bytearray(1024 * 1024))
        if len(held) > 200:
            held.clear()
    return "allocated"

def count() -> str:
    with COUNT.open("a") as file:
        file.write(".")
    return "counted"
"""


def calling(names: Sequence[str]) -> Reply:
    return Reply([Piece(tool_calls=[tool_call(name, {}, f"call_{number}") for number, name in enumerate(names)])])


@asynccontextmanager
async def served(folder: Path, reply: Reply, max_tool_rounds: int) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    (folder / "tools").mkdir()
    (folder / "tools" / "busy.py").write_text(TOOLS.format(seconds=BUSY_SECONDS), encoding="utf-8")
    async with OllamaServer() as ollama:
        ollama.answer_always(reply)
        async with (
            mochi(folder, ollama.url, max_tool_rounds=str(max_tool_rounds)) as server,
            aiohttp.ClientSession(
                server.url, connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
            ) as client,
        ):
            yield client, server.url


async def new_session(client: aiohttp.ClientSession, policy: str) -> str:
    settings = {"tools": ["block", "spin", "allocate", "count"], "execution_policy": policy}
    async with client.post(f"{API}/sessions", json={"model": MODEL, "tool_settings": settings}) as answer:
        return str(orjson.loads(await answer.read())["session_id"])


async def report_health() -> None:
    """Health while one answer's 32 calls are at work at once."""
    names = ["block", "spin", "allocate"] * (AT_WORK // 3 + 1)
    with tempfile.TemporaryDirectory() as folder:
        async with served(Path(folder), calling(names[:AT_WORK]), 1) as (client, url):
            session_id = await new_session(client, "never_confirm")
            path = f"{API}/chat/{session_id}/stream"
            async with health_times(url) as health, client.post(path, json={"message": "go"}) as answer:
                told = [data async for name, _, data in read_events(answer) if name == "tool_result"]
    # Those of the next answer are beyond the bound on rounds, and never ran.
    results = [result for result in told if result["execution_time"]]
    failed = sum(not result["success"] for result in results)
    p99 = health[len(health) * 99 // 100] * 1000
    print(
        f"health with {len(results)} tools at work ({failed} failed): median {health[len(health) // 2] * 1000:.1f} ms, "
        f"p99 {p99:.1f}, worst {health[-1] * 1000:.1f}, {len(health)} requests "
        f"({'met' if p99 < HEALTH_P99_MS else 'missed'}: p99 under {HEALTH_P99_MS:g})"
    )


async def answer_all(client: aiohttp.ClientSession, session_id: str, times: int) -> list[int]:
    """The statuses of a session's answers, each sent `times` times at once, the instant its question arrives."""
    statuses: list[int] = []
    path = f"{API}/chat/{session_id}/confirm-tool"

    async def confirm(confirmation_id: str) -> None:
        async with client.post(path, json={"confirmation_id": confirmation_id, "approved": True}) as answer:
            statuses.append(answer.status)

    async with client.post(f"{API}/chat/{session_id}/stream", json={"message": "go"}) as answer:
        async for name, _, data in read_events(answer):
            if name == "tool_call_confirmation_required":
                await asyncio.gather(*(confirm(data["confirmation_id"]) for _ in range(times)))
    return statuses


async def report_answers(answers: int, times: int) -> None:
    rounds = answers // SESSIONS
    with tempfile.TemporaryDirectory() as folder:
        async with served(Path(folder), calling(["count"]), rounds) as (client, _):
            session_ids = [await new_session(client, "always_confirm") for _ in range(SESSIONS)]
            began = time.perf_counter()
            asked = [answer_all(client, session_id, times) for session_id in session_ids]
            statuses = [status for each in await asyncio.gather(*asked) for status in each]
            took = time.perf_counter() - began
        ran = len((Path(folder) / "tools" / "count").read_text())
    print(
        f"{rounds * SESSIONS} questions answered {times} time(s): {statuses.count(200)} accepted, "
        f"{statuses.count(409)} refused, the tool ran {ran} times; {took:.1f} s in all"
    )


async def main(answers: int) -> None:
    await report_health()
    await report_answers(answers, 1)
    await report_answers(DOUBLED, 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=1000)
    asyncio.run(main(parser.parse_args().answers))
