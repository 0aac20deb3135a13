"""What relaying costs over a database, as CPU time an event, beside session files: 50 streams of 50 tokens a second.

`python -m benchmarks.sql_streams [--rounds 5] [--tokens 500] [--postgres postgresql://...]`. Without an address, SQLite
alone is measured; the tables at the address must be there.
"""

import argparse
import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median

import uvloop

from benchmarks.programs import double, mochi
from benchmarks.relaying import Load, carried
from benchmarks.relays import Relay, warm_up

FILES = "files"


async def measure(load: Load, rounds: int, databases: dict[str, str | None]) -> dict[str, list[float]]:
    """µs an event of each store, round by round. A database without an address is SQLite's default."""
    cpu: dict[str, list[float]] = {name: [] for name in (FILES, *databases)}
    async with double(*load.flags) as ollama, AsyncExitStack() as stack:
        relays = {}
        for name in cpu:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            storage = "json" if name == FILES else "sql"
            opening = mochi(folder, ollama.url, storage=storage, database_url=databases.get(name) or "")
            program = await stack.enter_async_context(opening)
            relays[name] = Relay("mochi-server", program)
            await warm_up(relays[name])
        for _ in range(rounds):
            for name, relay in relays.items():
                outcome = await carried(relay, load)
                assert outcome.lost == 0
                cpu[name].append(outcome.cpu_us)
    return cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=500)
    parser.add_argument("--postgres")
    given = parser.parse_args()
    databases: dict[str, str | None] = {"SQLite": None}
    if given.postgres:
        databases["PostgreSQL"] = given.postgres
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        cpu = runner.run(measure(Load(50, given.tokens, 50), given.rounds, databases))
    for name, taken in cpu.items():
        ratio = median(mine / files for mine, files in zip(taken, cpu[FILES], strict=True))
        print(f"{name}: {median(taken):.0f} µs CPU an event, {ratio:.2f} times that of files")


if __name__ == "__main__":
    main()
