"""Ending processes with all that came of them, and what only Linux has for that."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 50
"""How often we look for processes that were forked while we stopped the others, before we kill what we have."""

_IS_LINUX = sys.platform == "linux"
try:
    import ctypes

    _prctl = ctypes.CDLL(None, use_errno=True).prctl if _IS_LINUX else None
except (ImportError, OSError):
    _prctl = None  # An interpreter built without it still runs tools.


def signal_when_parent_dies(number: int) -> None:
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def adopt_orphans() -> None:
    """Children of children that die become ours, and not those of init: so nothing is lost sight of."""
    if _prctl is not None:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children_of(parent: int) -> set[int]:
    """Those alive, by process id. Without /proc: none."""
    return {pid for pid, of in _parents().items() if of == parent}


def kill_trees(roots: set[int]) -> None:
    """SIGKILL to the roots, their groups and all their descendants.

    All are stopped first: one that forks as fast as we look would otherwise always be a process ahead.
    """
    stopped: set[int] = set()
    for _ in range(_ROUNDS):
        found = _families(roots) - stopped
        if not found:
            break
        for pid in found:
            _send(pid, signal.SIGSTOP)
        stopped |= found
    for pid in roots:
        kill_group(pid)
    for pid in stopped | roots:
        _send(pid, signal.SIGKILL)


def kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def how_it_ended(status: int) -> str:
    """The words for what `waitpid` told."""
    if not os.WIFSIGNALED(status):
        return f"exit status {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _families(roots: set[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)
    found, unseen = set(roots), list(roots)
    while unseen:
        new = [pid for pid in children.get(unseen.pop(), ()) if pid not in found]
        found.update(new)
        unseen += new
    return found


def _parents() -> dict[int, int]:
    """Of every process that is no zombie. Read from `stat`, as not every kernel lists children."""
    parents = {}
    for name in os.listdir("/proc") if _IS_LINUX else ():  # noqa: PTH208 - half the time of pathlib
        if name.isdigit():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - as above
                # The command before the last parenthesis may hold anything.
                state, parent = file.read().rpartition(b")")[2].split()[:2]
                if state not in (b"Z", b"X"):
                    parents[int(name)] = int(parent)
    return parents


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
