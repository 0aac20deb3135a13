"""What a worker is before it sees any code of a tool, and whether it is still that afterwards."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

from .processes import (  # noqa: TID252 - this package has another name where it runs
    adopt_orphans,
    signal_when_parent_dies,
)

try:
    import resource
except ImportError:
    resource = None  # type: ignore[assignment]  # an interpreter built without it still runs tools

CHANNEL = 3
_DATA_BYTES = 1 << 30
"""Of private memory a worker: room for a table library with its data, and 32 workers cannot all take it by accident."""
_NICENESS = 10
"""The server answers others while tools compute: a tenth of its own weight for each worker, and for all together."""


def confine(channel: int, parent: int) -> None:
    """Make the process that was just forked a worker, with `channel` as CHANNEL and no other file open."""
    # A group, so that it can be ended as one, but no session: Linux gives each session a share of the processor of its
    # own, and thirty workers would have thirty times that of the server, however they are niced.
    os.setpgid(0, 0)
    signal_when_parent_dies(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)  # It died before we could ask to be told.
    adopt_orphans()
    _close_all_but(channel)
    _limit()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def give_way() -> None:
    """Have all that this session will fork share a tenth of another's weight, where the kernel weighs by session."""
    with suppress(OSError), open("/proc/self/autogroup", "w", encoding="ascii") as file:  # noqa: PTH123 - this is no place for pathlib
        file.write(str(_NICENESS))


def _close_all_but(channel: int) -> None:
    # The number may be CHANNEL itself, and dup2 would then leave it to be closed on exec, which it should be anyway.
    if channel != CHANNEL:
        os.dup2(channel, CHANNEL, inheritable=False)
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - in each new worker
        if int(name) > CHANNEL:
            with suppress(OSError):
                os.close(int(name))


def _limit() -> None:
    os.nice(_NICENESS)
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123 - as above
        file.write("1000")
    if resource is not None:
        for which, amount in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_DATA, _DATA_BYTES)):
            with suppress(OSError, ValueError):
                resource.setrlimit(which, (amount, amount))


class Surroundings:
    """What calls in one process share, and a call may leave changed for the next."""

    def __init__(self) -> None:
        self._before = self._look()

    def are_as_before(self) -> bool:
        """False too where child processes or threads were left behind."""
        try:
            return not _has_children() and self._look() == self._before
        except Exception:  # noqa: BLE001 - a tool may have broken what we look with
            return False

    def _look(self) -> tuple[object, ...]:
        return (
            len(sys._current_frames()),  # noqa: SLF001 - threads, also those that `threading` does not know
            os.getcwd(),  # noqa: PTH109 - called after each call
            sys.getrecursionlimit(),
            signal.pthread_sigmask(signal.SIG_BLOCK, ()),
            signal.getitimer(signal.ITIMER_REAL)[0] > 0,
            [os.fstat(number).st_ino for number in range(CHANNEL + 1)],
        )


def _has_children() -> bool:
    """Those that ended are waved through."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True
