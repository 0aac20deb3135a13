"""Faults at chosen system calls of a running process, by strace: nothing of ours stands between it and the kernel.

strace counts the calls of each name apart, thread by thread, and does to the one of a given number what it is told:
kill the process before the call, or let it fail with an error and do nothing.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

STRACE: Final = shutil.which("strace")

_CHANGING: Final = (
    *("openat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "renameat2", "linkat", "unlinkat", "mkdirat"),
    # Those that not every architecture has.
    *("?open", "?rename", "?renameat", "?link", "?unlink", "?mkdir", "?utimensat", "?fallocate"),
)
_ACKNOWLEDGEMENT: Final = "sendto"
_CALL: Final = re.compile(r"(?P<thread>\d+) +(?P<call>\w+)\((?P<arguments>.*)")
_OPENED_TO_WRITE: Final = re.compile(r"O_(?:WRONLY|RDWR|CREAT|TRUNC)")


class FaultPoint(NamedTuple):
    """The call of this name and number, counted from 1, of the thread that makes it."""

    call: str
    number: int

    @property
    def is_sync(self) -> bool:
        return self.call in {"fsync", "fdatasync"}

    def __str__(self) -> str:
        return f"{self.call} {self.number}"


def missing() -> str | None:
    """Why no faults can be made here; None where they can."""
    if STRACE is None:
        return "strace is not installed"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        try:
            with traced(child.pid, Path(os.devnull)):
                return None
        except CannotTrace as error:
            return f"strace may not trace here: {error}"
        finally:
            child.kill()


class CannotTrace(Exception):
    """The machine lets nobody trace a process."""


@contextmanager
def traced(pid: int, log: Path, *inject: str) -> Iterator["subprocess.Popen[str]"]:
    """Within, the calls of the process and its threads that change files go to `log`; `inject` says what befalls them.

    It yields strace itself, which does not always end by itself where it has killed one of several threads.
    Raises CannotTrace.
    """
    calls = ",".join([*_CHANGING, _ACKNOWLEDGEMENT])
    options = [option for each in inject for option in ("-e", f"inject={each}")]
    command = [str(STRACE), "-f", "-o", str(log), "-e", f"trace={calls}", *options, "-p", str(pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        said = strace.stderr.readline()
        if "attached" not in said:
            raise CannotTrace(said.strip())
        try:
            yield strace
        finally:
            # It lets go of the process then, which goes on.
            strace.send_signal(signal.SIGTERM)


def fault_points(log: str, acknowledgement: bytes) -> list[FaultPoint]:
    """The calls in a log that change files, up to the acknowledgement."""
    seen: Counter[tuple[str, str]] = Counter()
    points: list[FaultPoint] = []
    for thread, call, arguments in _CALL.findall(log):
        seen[thread, call] += 1
        if call == _ACKNOWLEDGEMENT:
            if acknowledgement.decode() in arguments:
                return points
        elif not call.startswith("open") or _OPENED_TO_WRITE.search(arguments):
            points.append(FaultPoint(call, seen[thread, call]))
    raise ValueError("nothing was acknowledged")
