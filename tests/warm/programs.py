"""The program as a process of its own, without the costs of a start: see `tests.warm.server`.

For tests of what the program does once it runs. How it starts is shown by those that start it as users do.
"""

import asyncio
import atexit
import functools
import json
import os
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.warm.server import Request

ROOT = Path(__file__).parents[2]


class WarmProcess:
    """As much of `asyncio.subprocess.Process` as is used here, and as it behaves there."""

    def __init__(self, pid: int, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout: asyncio.StreamReader | None = None
        self.stderr: asyncio.StreamReader | None = None
        self._ended = asyncio.create_task(self._end(answers, writer))

    async def _end(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        self.returncode = int(await answers.readline())
        writer.close()
        await writer.wait_closed()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):  # It has ended, and the answer that says so is on its way.
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    async def communicate(self) -> tuple[bytes, bytes]:
        """What is left of its output and of its errors, once it has ended."""
        output, errors = await asyncio.gather(*(_rest(stream) for stream in (self.stdout, self.stderr)))
        await self.wait()
        return output, errors


async def start_warm(
    *arguments: str, cwd: Path, env: Mapping[str, str], typed: str = "", stdout: int = PIPE, stderr: int = PIPE
) -> WarmProcess:
    """As `python -m mochi_server`, in the folder and environment given; the outputs go to PIPE or DEVNULL.

    `typed` is all there is to read, and less than a pipe holds.
    """
    request = Request(arguments=list(arguments), folder=str(cwd), environment=dict(env))
    ours, theirs = socket.socketpair()
    with ExitStack() as sent:
        sent.enter_context(theirs)
        outputs = [_output(kind, sent) for kind in (stdout, stderr)]
        descriptors = [
            theirs.fileno(),
            _closed_with(sent, _readable(typed)),
            *(descriptor for _, descriptor in outputs),
        ]
        socket.send_fds(_requests(), [json.dumps(request).encode()], descriptors)
    answers, writer = await asyncio.open_connection(sock=ours)
    pid = await answers.readline()
    assert pid, "the fork server has ended"
    process = WarmProcess(int(pid), answers, writer)
    process.stdout, process.stderr = [await _reader(descriptor) for descriptor, _ in outputs]
    return process


@functools.cache
def _requests() -> socket.socket:
    """To a fork server of this process's, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("MOCHI_")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.warm.server"],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        stdin=theirs.fileno(),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _readable(text: str) -> int:
    if not text:
        return os.open(os.devnull, os.O_RDONLY)
    theirs, ours = os.pipe()
    with os.fdopen(ours, "wb") as writer:
        writer.write(text.encode())
    return theirs


def _output(kind: int, sent: ExitStack) -> tuple[int | None, int]:
    """The end to read from, where it is to be read, and the one to send."""
    if kind == DEVNULL:
        return None, _closed_with(sent, os.open(os.devnull, os.O_WRONLY))
    ours, theirs = os.pipe()
    return ours, _closed_with(sent, theirs)


def _closed_with(stack: ExitStack, descriptor: int) -> int:
    stack.callback(os.close, descriptor)
    return descriptor


async def _reader(descriptor: int | None) -> asyncio.StreamReader | None:
    if descriptor is None:
        return None
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    return reader


async def _rest(stream: asyncio.StreamReader | None) -> bytes:
    return b"" if stream is None else await stream.read()
