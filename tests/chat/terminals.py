"""The chat as a process on a terminal of its own."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 20.0
"""Seconds for what takes one or two on an idle machine."""

# The terminal has to be the one that controls the process, or Ctrl-C would be no signal.
_ON_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-P", "-m", "mochi_server", *sys.argv[1:]])
"""
_FORWARD = re.compile(r"(\x08*)\x1b\[(\d*)C")
_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def environment() -> Mapping[str, str]:
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MOCHI_")}
    # Nobody here tells where the cursor is.
    return {**outer, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "COLUMNS": "80", "LINES": "24"}


class Terminal:
    def __init__(self, process: "subprocess.Popen[bytes]", master: int) -> None:
        self.process = process
        self._master = master
        self._seen = ""

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def until(self, text: str) -> str:
        """What was shown since the last call, up to and with `text`, without the terminal's sequences."""
        deadline = time.monotonic() + PATIENCE
        while text not in self._seen:
            ready, _, _ = select.select([self._master], [], [], deadline - time.monotonic())
            if not ready:
                raise AssertionError(f"{text!r} did not come:\n{self._seen}")
            self._seen += _text_of(os.read(self._master, 65536))
        seen, _, self._seen = self._seen.partition(text)
        return seen + text

    def end(self) -> int:
        """Reads until the process has ended. Its exit code."""
        with suppress(OSError):  # a terminal whose process has left is gone
            while os.read(self._master, 65536):
                pass
        return self.process.wait(PATIENCE)

    def hang_up(self) -> int:
        os.close(self._master)
        self._master = -1
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if self._master >= 0:
            os.close(self._master)


def _text_of(output: bytes) -> str:
    """A blank may be written by moving the cursor over it."""
    text = _FORWARD.sub(lambda found: " " * (int(found[2] or 1) - len(found[1])), output.decode(errors="replace"))
    return _SEQUENCE.sub("", text)


@contextmanager
def chatting(folder: Path, *arguments: str) -> Iterator[Terminal]:
    """`mochi-server chat` with the demo model, at its first prompt."""
    master, slave = pty.openpty()
    command = [sys.executable, "-c", _ON_A_TERMINAL, "chat", "--llm", "demo", *arguments]
    process = subprocess.Popen(
        command, cwd=folder, env=environment(), stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    os.close(slave)
    terminal = Terminal(process, master)
    try:
        terminal.until("> ")
        yield terminal
    finally:
        terminal.close()
