"""How long a user's turn takes to the model while a summary runs there, and while nothing does.

python -m benchmarks.summaries [--turns 50]
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

import aiohttp
import orjson

from benchmarks.programs import mochi
from tests.doubles.ollama_server.script import Piece, Reply, Silence, Tokens
from tests.doubles.ollama_server.server import OllamaServer

API: Final = "/api/v1"
TARGET_MS: Final = 100.0
SUMMARY: Final = Reply([Piece('{"summary": "'), Silence()])
TURN: Final = Reply([Tokens(1, stamped=True)])


async def delay(client: aiohttp.ClientSession, session_id: str) -> float:
    """Milliseconds from the request until the model, which writes its time into its answer, begins to give one."""
    begun = time.monotonic_ns()
    async with client.post(f"{API}/chat/{session_id}", json={"message": "And now?"}) as answer:
        reached = int(orjson.loads(await answer.read())["message"]["content"])
    return (reached - begun) / 1e6


async def delays(turns: int, *, with_summaries: bool) -> Sequence[float]:
    """Of turns of two sessions: some find a summary of their own, some one of the other."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            OllamaServer() as ollama,
            mochi(Path(folder), ollama.url, summarization_enabled=str(with_summaries)) as server,
            aiohttp.ClientSession(server.url) as client,
        ):
            session_ids = [await _new_session(client) for _ in range(2)]
            ollama.answer_next(TURN, TURN)
            for session_id in session_ids:
                await delay(client, session_id)
            found: list[float] = []
            for turn in range(turns):
                if with_summaries:
                    ollama.answer_next(SUMMARY)
                    await ollama.wait_active()
                ollama.answer_next(TURN)
                found.append(await delay(client, session_ids[turn // 2 % 2]))
            assert len(ollama.aborted) == (turns if with_summaries else 0)
            return found


async def _new_session(client: aiohttp.ClientSession) -> str:
    async with client.post(f"{API}/sessions", json={"model": "tiny"}) as answer:
        return str(orjson.loads(await answer.read())["session_id"])


async def main(turns: int) -> None:
    for what, with_summaries in (("nothing runs", False), ("a summary runs", True)):
        found = await delays(turns, with_summaries=with_summaries)
        verdict = "met" if max(found) < TARGET_MS else "missed"
        print(
            f"to the model while {what}: median {median(found):.1f} ms, worst {max(found):.1f} of {turns} "
            f"({verdict}: under {TARGET_MS:g})"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=50)
    asyncio.run(main(parser.parse_args().turns))
