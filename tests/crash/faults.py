"""Let each system call of a save fail in turn: `python -m tests.crash.faults [SAVE ...]`, by default every save.

At each call that changes files, in three trials: the process is killed; the disk is full, and the save is tried again
afterwards; the disk fails, and the process is killed afterwards. Then the folder is opened anew: everything can be
read, and is either as before the save or as after it; as before where the save was refused, as after where it was
acknowledged; and nothing temporary is left. Exits with 1 where anything is amiss.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.crash.saves import SAVES, Save, fill
from tests.crash.system_calls import FaultPoint, fault_points
from tests.crash.trials import ACKNOWLEDGED, Found, Outcome, attempted, child_of, find, fresh_copy


class Fault(NamedTuple):
    injection: str
    is_repeated: bool = False


FAULTS: Final = (Fault("signal=KILL"), Fault("error=ENOSPC", is_repeated=True), Fault("error=EIO"))


class Bench:
    """One save, over copies of one folder."""

    def __init__(self, save: Save, folder: Path) -> None:
        self._save = save
        self._filled = folder / "filled"
        self._folder = folder / "tried"
        self._log = folder / "log"
        asyncio.run(fill(self._filled))
        self._before = self._without_the_save()
        self.points, self._after = self._with_the_save()

    def faults(self) -> Iterator[str]:
        """What is amiss, a line each."""
        for point in self.points:
            for fault in FAULTS:
                amiss = self._try(point, fault)
                if amiss:
                    yield f"{fault.injection} at {point}: {amiss}"

    def _without_the_save(self) -> Found:
        with child_of(self._save, fresh_copy(self._filled, self._folder)):
            pass
        return asyncio.run(find(self._folder))

    def _with_the_save(self) -> tuple[list[FaultPoint], Found]:
        fresh_copy(self._filled, self._folder)
        outcomes = attempted(self._save, self._folder, self._log, is_repeated=False)
        assert outcomes == ["acknowledged"]
        return fault_points(self._log.read_text(), ACKNOWLEDGED), asyncio.run(find(self._folder))

    def _try(self, point: FaultPoint, fault: Fault) -> str | None:
        fresh_copy(self._filled, self._folder)
        injection = f"{point.call}:{fault.injection}:when={point.number}"
        outcomes = attempted(self._save, self._folder, self._log, injection, is_repeated=fault.is_repeated)
        if outcomes != ["killed"] and "(INJECTED)" not in self._log.read_text():
            return "the fault did not come"
        found = asyncio.run(find(self._folder))
        if found not in self._allowed(outcomes[-1]):
            return f"{' then '.join(outcomes)}, but found was {found}"
        left = [path.name for path in self._folder.rglob(".tmp-*")]
        return f"left behind: {left}" if left else None

    def _allowed(self, outcome: Outcome) -> list[Found]:
        match outcome:
            case "acknowledged":
                return [self._after]
            case "refused":
                return [self._before]
            case "killed":
                return [self._before, self._after]


def main(names: list[str]) -> int:
    amiss = 0
    for name in names or SAVES:
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(SAVES[name], Path(folder))
            faults = list(bench.faults())
        calls = " ".join(point.call for point in bench.points)
        sys.stdout.write(f"{name}: {len(bench.points) * len(FAULTS)} faults at {calls}\n")
        sys.stdout.writelines(f"  AMISS {fault}\n" for fault in faults)
        sys.stdout.flush()
        amiss += len(faults)
    return 1 if amiss else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
