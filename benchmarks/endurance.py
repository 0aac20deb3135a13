"""Does the server bear many streams, long ones and many turns, and does it stop in time?

python -m benchmarks.endurance [--quick] [--only streams]: a table of what was found, each figure with its target; the
exit code says whether all are met. `make soak` takes a quarter of an hour on two quiet cores.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import uvloop

from benchmarks.endurance_loads import idle_streams, many_streams, many_turns, stop_amid_streams
from benchmarks.table import Target

Load = Callable[[], Awaitable[Sequence[Target]]]

FULL: Final[Mapping[str, Load]] = {
    "streams": lambda: many_streams(1000),
    "idle": lambda: idle_streams(1000, 180),
    "turns": lambda: many_turns(10_000),
    "stop": lambda: stop_amid_streams(100),
}
QUICK: Final[Mapping[str, Load]] = {
    "streams": lambda: many_streams(200),
    "idle": lambda: idle_streams(200, 35),
    "turns": lambda: many_turns(800),
    "stop": lambda: stop_amid_streams(30),
}


async def report(loads: Mapping[str, Load]) -> bool:
    """Print the table as it grows; whether all targets are met."""
    all_met = True
    print("| load | result |\n|---|---|", flush=True)
    for name, load in loads.items():
        for target in await load():
            print(f"| {name} | {target} |", flush=True)
            all_met = all_met and target.is_met
    return all_met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller loads, in five minutes")
    parser.add_argument("--only", action="append", choices=FULL, help="this load (may be given more than once)")
    given = parser.parse_args()
    loads = {name: load for name, load in (QUICK if given.quick else FULL).items() if name in (given.only or FULL)}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return 0 if runner.run(report(loads)) else 1


if __name__ == "__main__":
    sys.exit(main())
