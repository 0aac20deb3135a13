"""What an agent's iteration costs the server besides the tools, and whether its events come in order.

python -m benchmarks.agents [--iterations 50] [--rounds 5]. CPU time of the server's process alone, which the tools
are not part of; each iteration is one answer of the model with one call of an empty tool.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

import aiohttp
import orjson

from benchmarks.programs import cpu_ns, mochi, resident_kib
from tests.doubles.ollama_server.script import Piece, Reply, saying, tool_call
from tests.doubles.ollama_server.server import OllamaServer

API: Final = "/api/v1"
TARGET_MS: Final = 5.0
SKILL: Final = "---\ndescription: It is idle.\n---\nYou do nothing, again and again.\n"
TOOL: Final = "def nothing(number: int) -> str:\n    return str(number)\n"
AN_ITERATION: Final = ["agent_execution", "agent_tool_call", "agent_tool_result"]


def replies(iterations: int) -> list[Reply]:
    """A delegation, its plan, as many iterations with a call each, and the two last words."""
    order = {"agent": "idler", "instruction": "Do nothing."}
    steps = [
        Reply([Piece("On."), Piece(tool_calls=[tool_call("nothing", {"number": number}, f"call_{number}")])])
        for number in range(iterations)
    ]
    return [Reply([Piece(tool_calls=[tool_call("agent", order, "call_d")])]), saying("Plan."), *steps, saying("End.")]


async def run_of_agent(client: aiohttp.ClientSession) -> list[str]:
    """The names of the run's events."""
    settings = {"tools": [], "execution_policy": "never_confirm"}
    body = {"model": "tiny-tools", "tool_settings": settings, "agent_settings": {"enabled_agents": ["idler"]}}
    async with client.post(f"{API}/sessions", json=body) as answer:
        session_id = orjson.loads(await answer.read())["session_id"]
    async with client.post(f"{API}/chat/{session_id}/stream", json={"message": "Go."}) as stream:
        return [line[7:].strip().decode() async for line in stream.content if line.startswith(b"event: ")]


def require_order(names: list[str], iterations: int) -> None:
    work = names[names.index("agent_planning") + 1 : names.index("agent_complete")]
    expected = AN_ITERATION * iterations
    assert work == expected, f"{work} is not {expected}"
    assert names[-1] == "done"


async def measure(iterations: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        agent = Path(folder) / "agents" / "idler"
        agent.mkdir(parents=True)
        (agent / "SKILL.md").write_text(SKILL, encoding="utf-8")
        (agent / "__init__.py").write_text(TOOL, encoding="utf-8")
        async with (
            OllamaServer() as ollama,
            mochi(Path(folder), ollama.url, max_agent_iterations=str(iterations)) as server,
            aiohttp.ClientSession(server.url) as client,
        ):
            costs, sizes = [], []
            for _ in range(rounds + 1):
                ollama.answer_next(*replies(iterations))
                before = cpu_ns(server.pid)
                names = await run_of_agent(client)
                costs.append((cpu_ns(server.pid) - before) / 1e6 / iterations)
                sizes.append(resident_kib(server.pid))
                require_order(names, iterations)
    found = median(costs[1:])
    verdict = "met" if found <= TARGET_MS else "missed"
    print(
        f"CPU an iteration of {iterations} with a call each: median {found:.2f} ms, worst {max(costs[1:]):.2f} of "
        f"{rounds} ({verdict}: at most {TARGET_MS:g}); memory after the second run {sizes[1]} KiB, after the last "
        f"{sizes[-1]} KiB"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    asyncio.run(measure(given.iterations, given.rounds))
