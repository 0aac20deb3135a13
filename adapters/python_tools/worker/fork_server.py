"""The fork server: imports pydantic once, then forks a worker in milliseconds whenever the server wants one.

Lines of JSON come in, `{"fork": id}` with the worker's channel as a file descriptor and `{"kill": id}`; lines go out:
`{"ready": true}` or `{"failed": why}` first, `{"seen": id}` for each order at once, and `{"ended": id, "how": words}`
when a worker and all that came of it are dead. When the server is gone, or closes its end, everything ends.
"""

from __future__ import annotations

import array
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections import deque
from contextlib import suppress

from .confinement import give_way  # noqa: TID252 - this package has another name where it runs
from .processes import (  # noqa: TID252 - this package has another name where it runs
    adopt_orphans,
    children_of,
    how_it_ended,
    kill_group,
    kill_trees,
    signal_when_parent_dies,
)

_RECEIVED_BYTES = 65536
_DESCRIPTORS = 16
_LOOK_AGAIN_SECONDS = 0.01
_LAST_SECONDS = 2.0


def main() -> None:
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    os.close(null)
    reason = _why_not()
    if reason:
        _tell(control, {"failed": reason})
        return
    from .serving import serve  # noqa: PLC0415, TID252 - it needs pydantic; and as above

    # A server that is killed while a tool has stopped us would leave us so.
    signal_when_parent_dies(signal.SIGCONT)
    adopt_orphans()
    give_way()
    server = ForkServer(control)
    _tell(control, {"ready": True})
    gc.collect()
    gc.freeze()  # Collections in workers then leave these pages shared.
    channel = server.run()
    if channel is not None:
        serve(channel, server.pid)


def _why_not() -> str:
    """Why tools cannot run here, in words, or nothing."""
    if sys.version_info < (3, 9):  # noqa: UP036 - it is another interpreter
        return f"it is Python {sys.version_info[0]}.{sys.version_info[1]}, and 3.9 or newer is needed"
    try:
        import pydantic  # noqa: PLC0415 - whether it is there is the question
    except Exception as error:  # noqa: BLE001 - a broken one raises anything
        return f"pydantic cannot be imported ({type(error).__name__}); install it there: pip install pydantic"
    if pydantic.VERSION.startswith("1."):
        return f"its pydantic is {pydantic.VERSION}, and 2 is needed; upgrade it there: pip install -U pydantic"
    return ""


def _tell(control: socket.socket, message: dict[str, object]) -> None:
    with suppress(OSError):
        control.sendall(json.dumps(message).encode() + b"\n")


class ForkServer:
    """One loop in one thread, so that a fork copies nothing but itself."""

    def __init__(self, control: socket.socket) -> None:
        self.pid = os.getpid()
        self._control = control
        self._received = b""
        self._channels: deque[int] = deque()
        self._workers: dict[int, int] = {}
        self._doomed: set[int] = set()
        self._ended: list[tuple[int, str]] = []
        self._immortal: set[int] = set()
        self._gives_up_at: float | None = None
        self._children_ended, write = os.pipe()
        for number in (self._children_ended, write):
            os.set_blocking(number, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def run(self) -> int | None:
        """None in the end; in a forked process the channel on which it is to serve."""
        is_wanted = True
        while is_wanted:
            readable = self._wait()
            if self._control in readable:
                is_wanted = self._receive()
                channel = self._obey()
                if channel is not None:
                    return channel
            self._settle()
        self._end_all()
        return None

    def _wait(self) -> list[socket.socket | int]:
        is_settled = not self._doomed and not self._ended
        timeout = None if is_settled else _LOOK_AGAIN_SECONDS
        watched: list[socket.socket | int] = [self._control, self._children_ended]
        readable, _, _ = select.select(watched, [], [], timeout)
        if self._children_ended in readable:
            with suppress(BlockingIOError):
                os.read(self._children_ended, _RECEIVED_BYTES)
        return readable

    def _receive(self) -> bool:
        """False where the server is gone."""
        descriptors = array.array("i")
        try:
            data, ancillary, _, _ = self._control.recvmsg(
                _RECEIVED_BYTES, socket.CMSG_SPACE(_DESCRIPTORS * descriptors.itemsize)
            )
        except OSError:
            return False
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
        self._channels.extend(descriptors)
        self._received += data
        return bool(data)

    def _obey(self) -> int | None:
        """The channel, in a process that was forked."""
        *lines, self._received = self._received.split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "fork" in order:
                channel = self._fork(order["fork"], self._channels.popleft())
                if channel is not None:
                    return channel
            else:
                self._doomed |= {pid for pid, worker in self._workers.items() if worker == order["kill"]}
                _tell(self._control, {"seen": order["kill"]})
        return None

    def _fork(self, worker: int, channel: int) -> int | None:
        try:
            pid = os.fork()
        except OSError as error:
            pid = -1
            self._ended.append((worker, f"not started: {os.strerror(error.errno or 0)}"))
        if pid == 0:
            signal.set_wakeup_fd(-1)
            self._control.detach()  # Else the object would close whatever has its number by then.
            return channel
        os.close(channel)
        if pid > 0:
            self._workers[pid] = worker
        _tell(self._control, {"seen": worker})
        return None

    def _settle(self) -> None:
        """Kill whom we were told to kill, and whom the dead have left us; then tell who ended."""
        if self._doomed:
            kill_trees(self._doomed)
        self._reap()
        if not self._ended:
            return
        orphans = children_of(self.pid) - set(self._workers) - self._immortal
        if orphans:
            kill_trees(orphans)
            if not self._must_give_up():
                return
            # Another user's, as `sudo` makes them, or one that waits for a disk: no tool may have to wait for those.
            self._immortal |= orphans
        self._gives_up_at = None
        for worker, how in self._ended:
            _tell(self._control, {"ended": worker, "how": how})
        self._ended.clear()

    def _must_give_up(self) -> bool:
        """Whether what is to die has had the time to."""
        if self._gives_up_at is None:
            self._gives_up_at = time.monotonic() + _LAST_SECONDS
        return time.monotonic() >= self._gives_up_at

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                self._doomed.discard(pid)
                self._immortal.discard(pid)
                if pid in self._workers:
                    kill_group(pid)
                    self._ended.append((self._workers.pop(pid), how_it_ended(status)))

    def _end_all(self) -> None:
        deadline = time.monotonic() + _LAST_SECONDS
        while time.monotonic() < deadline:
            self._doomed |= set(self._workers) | children_of(self.pid)
            self._settle()
            if not self._workers and not children_of(self.pid):
                break
            time.sleep(_LOOK_AGAIN_SECONDS)
