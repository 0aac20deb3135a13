"""Let each system call of a save fail in turn: `python -m tests.crash.faults --store sqlite "session created"`.

By default every save of every store. At each call that changes files, in four trials: the process is killed; the disk
is full, and the save is tried again afterwards; the disk fails, and so; the disk fails, and the process is killed
afterwards. Then the store is opened anew: everything can be read, and is either as before the save or as after it; as
before where the save was refused, as after where it was acknowledged, which it must be once the disk is well again;
and nothing temporary is left. Exits with 1 where anything is amiss.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import count, groupby
from pathlib import Path
from typing import Final, NamedTuple

from tests.crash.saves import SAVES, Save, fill
from tests.crash.system_calls import FaultPoint, fault_points
from tests.crash.trials import ACKNOWLEDGED, Found, Outcome, attempted, child_of, find, fresh_copy

_ENDS_OF_A_STRETCH: Final = 4
"""Of so many calls in a row that only differ in what they write, those between say nothing new."""


class Fault(NamedTuple):
    injection: str
    is_repeated: bool = False


FAULTS: Final = (
    Fault("signal=KILL"),
    Fault("error=ENOSPC", is_repeated=True),
    Fault("error=EIO", is_repeated=True),
    Fault("error=EIO"),
)


class Trial(NamedTuple):
    point: FaultPoint
    fault: Fault

    def __str__(self) -> str:
        repeated = ", then again" if self.fault.is_repeated else ""
        return f"{self.fault.injection} at {self.point}{repeated}"


class Bench:
    """One save, over copies of one folder."""

    def __init__(self, kind: str, save: Save, folder: Path) -> None:
        self._kind = kind
        self._save = save
        self._filled = folder / "filled"
        self._folder = folder / "tried"
        self._log = folder / "log"
        asyncio.run(fill(kind, self._filled))
        self._before = self._without_the_save()
        self.points, self._after = self._with_the_save()

    def trials(self) -> list[Trial]:
        return [Trial(point, fault) for point in _telling(self.points) for fault in FAULTS]

    def amiss_in(self, trial: Trial) -> str | None:
        point, fault = trial
        fresh_copy(self._filled, self._folder)
        injection = f"{point.call}:{fault.injection}:when={point.number}"
        outcomes = self._attempted(injection, is_repeated=fault.is_repeated)
        if outcomes != ["killed"] and "(INJECTED)" not in self._log.read_text():
            return "the fault did not come"
        if outcomes == ["refused", "refused"]:
            return "refused, and again when the fault was over"
        found = self._found()
        if found not in self._allowed(outcomes[-1], point):
            return f"{' then '.join(outcomes)}, but found was {found}"
        left = [path.name for path in self._folder.rglob(".tmp-*")]
        return f"left behind: {left}" if left else None

    def _without_the_save(self) -> Found:
        with child_of(self._kind, self._save, fresh_copy(self._filled, self._folder)):
            pass
        return self._found()

    def _with_the_save(self) -> tuple[list[FaultPoint], Found]:
        fresh_copy(self._filled, self._folder)
        outcomes = self._attempted()
        assert outcomes == ["acknowledged"]
        return fault_points(self._log.read_text(), ACKNOWLEDGED), self._found()

    def _attempted(self, *inject: str, is_repeated: bool = False) -> list[Outcome]:
        return attempted(self._kind, self._save, self._folder, self._log, *inject, is_repeated=is_repeated)

    def _found(self) -> Found:
        return asyncio.run(find(self._kind, self._folder / self._save.where))

    def _allowed(self, outcome: Outcome, point: FaultPoint) -> list[Found]:
        match outcome:
            case "acknowledged":
                return [self._after]
            case "refused" if self._kind == "sqlite" and point.is_sync:
                # What could not be synced stands in the log, whole, until the next save takes its place.
                return [self._before, self._after]
            case "refused":
                return [self._before]
            case "killed":
                return [self._before, self._after]


def _telling(points: Sequence[FaultPoint]) -> Iterator[FaultPoint]:
    for _, calls in groupby(points, key=lambda point: point.call):
        stretch = list(calls)
        yield from stretch[:_ENDS_OF_A_STRETCH]
        yield from stretch[max(_ENDS_OF_A_STRETCH, len(stretch) - _ENDS_OF_A_STRETCH) :]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("saves", nargs="*", metavar="SAVE", help="by default all that the store has")
    parser.add_argument("--store", choices=SAVES, action="append", help="by default all of them")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try only each Nth of the faults")
    given = parser.parse_args()
    amiss = 0
    turn = count()
    for kind in given.store or SAVES:
        for name in given.saves or SAVES[kind]:
            with tempfile.TemporaryDirectory() as folder:
                bench = Bench(kind, SAVES[kind][name], Path(folder))
                trials = [trial for trial in bench.trials() if next(turn) % given.every == 0]
                faults = [f"{trial}: {found}" for trial in trials if (found := bench.amiss_in(trial))]
            calls = " ".join(_in_short(bench.points))
            sys.stdout.write(f"{kind}: {name}: {len(trials)} faults at {calls}\n")
            sys.stdout.writelines(f"  AMISS {fault}\n" for fault in faults)
            sys.stdout.flush()
            amiss += len(faults)
    return 1 if amiss else 0


def _in_short(points: Sequence[FaultPoint]) -> Iterator[str]:
    for call, calls in groupby(points, key=lambda point: point.call):
        number = len(list(calls))
        yield call if number == 1 else f"{call}*{number}"


if __name__ == "__main__":
    sys.exit(main())
