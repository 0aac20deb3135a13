"""Kill a writing process again and again, and see what it leaves: `python -m tests.crash.campaign --kills 2000`.

Each round forks a writer that appends, updates, creates and flushes as fast as it can and says what is stored; kills it
at a random moment; then opens the store anew and looks whether every session can be read, everything acknowledged is
there, and nothing temporary is left. The kills are dealt out to the stores in turn. Exits with 1 where anything is
amiss.
"""

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.crash.looking import clear, faults_left
from tests.crash.stores import KINDS
from tests.crash.writing import write_and_die
from tests.databases import _at_end as databases_that_are_dropped

_ROUNDS_UNTIL_CLEARED: Final = 20
"""So that what is written in a round stays much beside what was there."""


@dataclass(slots=True)
class Tally:
    kills: int = 0
    appended: int = 0
    answering: int = 0
    created: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.answering} of them during an answer; {self.appended} messages and "
            f"{self.created} sessions acknowledged; {len(self.faults)} faults"
        )


def campaign(kind: str, kills: int, folder: Path) -> Tally:
    tally = Tally()
    asyncio.run(clear(kind, folder))
    before = 0
    for round_number in range(1, kills + 1):
        said = write_and_die(kind, folder, round_number)
        faults = asyncio.run(faults_left(kind, folder, round_number, said))
        tally.faults += [f"round {round_number}: {fault}" for fault in faults]
        tally.kills += 1
        tally.appended += max(said.appended - before, 0)
        tally.answering += said.flushed > 0
        tally.created += len(said.created)
        before = max(said.appended, before)
        if round_number % _ROUNDS_UNTIL_CLEARED == 0:
            asyncio.run(clear(kind, folder))
            before = 0
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500, help="in all (default: %(default)s)")
    parser.add_argument("--store", choices=KINDS, action="append", help="by default all of them")
    given = parser.parse_args()
    kinds: list[str] = given.store or list(KINDS)
    is_well = True
    with databases_that_are_dropped:
        for index, kind in enumerate(kinds):
            with tempfile.TemporaryDirectory() as folder:
                tally = campaign(kind, given.kills // len(kinds) + (index < given.kills % len(kinds)), Path(folder))
            sys.stdout.write(f"{kind}: {tally}\n")
            sys.stdout.writelines(f"  AMISS {fault}\n" for fault in tally.faults)
            sys.stdout.flush()
            is_well = is_well and not tally.faults
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
