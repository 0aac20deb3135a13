"""Two processes append to one session as fast as they can: `python -m tests.crash.appends STORE --appends 1000`.

All at once, as many requests of one server may. Exits with 1 where an append that was acknowledged is not there, or
one that was refused is.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from domain.errors import StorageFailed
from tests.contracts.samples import after, user
from tests.crash.forks import Forked, forked
from tests.crash.stores import KINDS, opened
from tests.crash.writing import SESSION, new_session
from tests.databases import _at_end as databases_that_are_dropped


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", choices=KINDS)
    parser.add_argument("--appends", type=int, default=1000)
    given = parser.parse_args()
    with databases_that_are_dropped, tempfile.TemporaryDirectory() as folder:
        asyncio.run(_create(given.store, Path(folder)))
        share = given.appends // 2
        ranges = [range(start, start + share) for start in (0, share)]
        appenders = [forked(partial(_append_all, given.store, Path(folder), numbers)) for numbers in ranges]
        outcomes = {number: outcome for appender in appenders for number, outcome in _outcomes(appender)}
        kept = asyncio.run(_kept(given.store, Path(folder)))
    acknowledged = [number for number, outcome in outcomes.items() if outcome == "acknowledged"]
    sys.stdout.write(f"{given.store}: {len(acknowledged)} acknowledged, {len(outcomes) - len(acknowledged)} refused\n")
    is_well = len(outcomes) == given.appends and sorted(kept) == sorted(acknowledged)
    return 0 if is_well else 1


async def _append_all(kind: str, folder: Path, numbers: range, pipe: int) -> None:
    async with opened(kind, folder) as (sessions, _):

        async def append(number: int) -> None:
            try:
                await sessions.append(SESSION, [user(number)], after(number))
            except StorageFailed:
                os.write(pipe, b"%d refused\n" % number)
            else:
                os.write(pipe, b"%d acknowledged\n" % number)

        await asyncio.gather(*map(append, numbers))


def _outcomes(appender: Forked) -> list[tuple[int, str]]:
    with os.fdopen(appender.said) as lines:
        said = [line.split() for line in lines]
    os.waitpid(appender.pid, 0)
    return [(int(number), outcome) for number, outcome in said]


async def _create(kind: str, folder: Path) -> None:
    async with opened(kind, folder) as (sessions, _):
        await sessions.create(new_session(SESSION))


async def _kept(kind: str, folder: Path) -> list[int]:
    async with opened(kind, folder) as (sessions, _):
        return [int(each.message_id, 16) for each in (await sessions.load(SESSION)).messages]


if __name__ == "__main__":
    sys.exit(main())
