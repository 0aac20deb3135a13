"""python -m benchmarks [--quick] [--only NAME ...] [--write]"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping

import uvloop

from benchmarks import figures
from benchmarks.effort import FULL, QUICK, Effort
from benchmarks.table import Row, markdown

FIGURES: Mapping[str, Callable[[Effort], Awaitable[list[Row]]]] = {
    "paced": figures.paced,
    "bursts": figures.bursts,
}


async def measure(names: list[str], effort: Effort) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        print(f"{name} ...", file=sys.stderr)
        rows += await FIGURES[name](effort)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs: rough figures in a minute or two")
    parser.add_argument("--only", action="append", choices=FIGURES, help="this figure (may be given more than once)")
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(measure(given.only or list(FIGURES), QUICK if given.quick else FULL))
    print(markdown(rows))


if __name__ == "__main__":
    main()
