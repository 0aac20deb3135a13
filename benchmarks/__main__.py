"""Measure mochi-server beside a bare relay."""

import argparse
import asyncio
import shlex
import sys
from collections.abc import Sequence

import uvloop

from benchmarks.effort import FULL, QUICK, Effort
from benchmarks.figures import FIGURES
from benchmarks.results import write_results
from benchmarks.table import Row, markdown


async def measure(names: Sequence[str], effort: Effort) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        rows += await FIGURES[name](effort)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs, for rough figures")
    parser.add_argument("--only", action="append", choices=FIGURES, help="this figure (may be given more than once)")
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/RESULTS.md too")
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(measure(given.only or list(FIGURES), QUICK if given.quick else FULL))
    print(markdown(rows))
    if given.write:
        write_results(rows, shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
