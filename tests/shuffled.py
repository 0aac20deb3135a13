"""The whole suite in random orders, one run after another: `make shuffle RUNS=20`.

Each run has the seed after the last one's, which pytest prints too; `make shuffle SEED=7` has the order of seed 7
again. A run that fails stops nothing. At the end stands a line for each run, and below it the tests that failed in it.
Exits with 1 where any run failed.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_SEEDS = 1_000_000
"""The first seed is below this, and short enough to be typed."""


@dataclass(frozen=True, slots=True)
class Run:
    """`code` is pytest's; `failed` are the ids of the tests that failed, and of files that could not be read."""

    seed: int
    code: int
    seconds: float
    failed: list[str]

    def __str__(self) -> str:
        outcome = "passed" if self.code == 0 else f"FAILED, {len(self.failed)} tests (pytest ended with {self.code})"
        return "\n  ".join([f"seed {self.seed}: {outcome} in {self.seconds:.0f} s", *self.failed])


def run(seed: int, more: list[str]) -> Run:
    with tempfile.TemporaryDirectory() as cache:
        command = [
            *(sys.executable, "-m", "pytest", "-p", "randomly", f"--randomly-seed={seed}"),
            "--randomly-dont-reset-seed",  # The order is to be random, and nothing else to be less so.
            *("-o", f"cache_dir={cache}"),  # Which tests failed is then of this run alone.
            *more,
        ]
        began = time.monotonic()
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        return Run(seed, code, time.monotonic() - began, _failed(Path(cache)))


def _failed(cache: Path) -> list[str]:
    try:
        return sorted(json.loads((cache / "v" / "cache" / "lastfailed").read_text()))
    except FileNotFoundError:
        return []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, help="of the first run (default: any)")
    given, more = parser.parse_known_args()
    first = random.randrange(_SEEDS) if given.seed is None else given.seed  # noqa: S311 - nobody is to be kept out
    runs = []
    for seed in range(first, first + given.runs):
        runs.append(run(seed, more))
        sys.stdout.write(f"{runs[-1]}\n")
        sys.stdout.flush()
    sys.stdout.write("\nAll runs:\n" + "".join(f"{each}\n" for each in runs))
    return 1 if any(each.code for each in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
