"""Requests that schemathesis makes of the document, thrown at a server with the demo model: `make fuzz`.

Each round has a new server over an empty folder and another seed, so that lists stay short and rounds differ. A
request fails its round where the server answers with what the document does not say, fails (5xx) or takes longer than
five seconds; the log must have no traceback.
"""

import argparse
import asyncio
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzzing.server import ROOT, fuzzed_server

CONFIG = Path(__file__).with_name("schemathesis.toml")
SLOW_SECONDS = 5
ROUND_SECONDS = 120
_COUNT = re.compile(r"^\s*([\d,]+) generated", re.MULTILINE)


@dataclass
class Tally:
    """`faults` are the seeds of the rounds that found something."""

    requests: int = 0
    rounds: int = 0
    faults: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Round:
    """What one run of schemathesis said; `fault` is empty where it found nothing."""

    requests: int
    fault: str


async def run_round(seed: int, seconds: int, slow_seconds: int) -> Round:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        async with fuzzed_server(Path(folder)) as server:
            program = await asyncio.create_subprocess_exec(
                *_schemathesis(),
                *("--config-file", str(CONFIG), "run", f"{server.url}/openapi.json"),
                *("--max-time", str(seconds), "--seed", str(seed), "--continue-on-failure", "--no-color"),
                *("--max-response-time", str(slow_seconds), "--request-timeout", str(2 * slow_seconds)),
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            output = (await program.communicate())[0].decode()
        log = await server.log()
    found = _COUNT.search(output)
    requests = int(found[1].replace(",", "")) if found else 0
    if program.returncode != 0 or not requests:
        return Round(requests, output)
    return Round(requests, log if "Traceback" in log else "")


def _schemathesis() -> list[str]:
    program = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    assert program is not None
    return [program]


async def campaign(requests: int, first_seed: int) -> Tally:
    tally = Tally()
    while tally.requests < requests:
        seed = first_seed + tally.rounds
        done = await run_round(seed, ROUND_SECONDS, SLOW_SECONDS)
        tally.rounds += 1
        tally.requests += done.requests
        if done.fault:
            tally.faults.append(seed)
            sys.stdout.write(f"seed {seed}:\n{done.fault}\n")
        sys.stdout.write(f"round {tally.rounds}: {tally.requests} requests, {len(tally.faults)} rounds with faults\n")
        sys.stdout.flush()
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    tally = asyncio.run(campaign(arguments.requests, arguments.seed))
    sys.exit(1 if tally.faults else 0)


if __name__ == "__main__":
    main()
