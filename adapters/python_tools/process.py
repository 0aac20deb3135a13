"""The process of the fork server: its start under the tools' interpreter, and its end with all that came of it."""

import asyncio
import os
import secrets
import signal
import socket
import time
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress
from pathlib import Path
from typing import Final

from adapters.python_tools.failures import InterpreterUnusable

PROGRAM: Final = Path(__file__).parent / "worker" / "__main__.py"
MARK: Final = "MOCHI_TOOLS_OF"
"""The environment variable by which we find again what outlived the fork server."""

_OUR_SETTINGS: Final = ("MOCHI_", "OTEL_")
_PROC: Final = Path("/proc")
_LONGEST_SECONDS: Final = 5.0
"""On a machine that has other things to do, the dying of processes that weigh little takes a while."""
_PAUSE_SECONDS: Final = 0.005


def new_mark() -> str:
    return secrets.token_hex(16)


async def start_process(python: Path, control: socket.socket, mark: str) -> Process:
    """Raises InterpreterUnusable. Our own settings, which hold keys, are not the tools' business."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OUR_SETTINGS)}
    try:
        return await asyncio.create_subprocess_exec(
            python,
            "-I",
            "-X",
            "utf8",
            PROGRAM,
            stdin=control.fileno(),
            stdout=DEVNULL,
            stderr=DEVNULL,
            env={**inherited, MARK: mark},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "it cannot be started"
        raise InterpreterUnusable(reason) from None


async def end_process(process: Process, mark: str) -> None:
    """Kill it and whatever carries its mark, and wait for the first."""
    signal_process(process, signal.SIGKILL)
    await process.wait()
    await asyncio.to_thread(kill_marked, mark)


def signal_process(process: Process, number: signal.Signals) -> None:
    """Not by its own `send_signal`, which polls: the status would be gone before asyncio asks for it."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def kill_marked(mark: str) -> None:
    """SIGKILL to all processes that inherited the mark, until none is left. Without /proc that is none."""
    needle = f"{MARK}={mark}".encode()
    deadline = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < deadline:
        # Those that forked while we looked are found the next time, and one that is killed dies when it gets its turn.
        if not [pid for pid in _process_ids() if _kill_if_marked(pid, needle)]:
            break
        time.sleep(_PAUSE_SECONDS)


def _process_ids() -> list[int]:
    return [int(path.name) for path in _PROC.iterdir() if path.name.isdigit()] if _PROC.is_dir() else []


def _kill_if_marked(pid: int, needle: bytes) -> bool:
    """Through a descriptor of the process, so that nobody is killed who got its number meanwhile."""
    with suppress(OSError, AttributeError):  # AttributeError: a system without such descriptors.
        descriptor = os.pidfd_open(pid)
        try:
            if needle in (_PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                return True
        finally:
            os.close(descriptor)
    return False
