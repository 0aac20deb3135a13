"""A server's process: started in a group of its own, written to without waiting, and stopped for certain."""

import asyncio
import logging
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import cast

from adapters.mcp_tools.entries import StdioEntry

MOST_UNREAD = 16 * 1024 * 1024
"""Bytes that wait for a server to read them. One that leaves more lying is as good as gone."""

_GRACE_SECONDS = 0.5
_LAST_WORDS = 500
_log = logging.getLogger(__name__)


class CannotStart(Exception):
    """Why, in words for the one who wrote the entry."""


async def start_child(entry: StdioEntry, environment: Mapping[str, str]) -> "Child":
    """Raises CannotStart. The process has its own session: a Ctrl-C in the terminal is not for it."""
    try:
        _, child = await asyncio.get_running_loop().subprocess_exec(
            Child,
            entry.command,
            *entry.args,
            env={**environment, **entry.env},
            cwd=entry.cwd,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise CannotStart(_why(entry, error)) from error
    return child


def _why(entry: StdioEntry, error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and entry.cwd is not None and not entry.cwd.is_dir():
        return "The folder that `cwd` names does not exist."
    command = os.path.basename(entry.command)  # noqa: PTH119 - a bare word, not a path, most of the time
    if isinstance(error, FileNotFoundError):
        return f"The command `{command}` was not found. Install it, or correct `command`."
    reason = error.strerror if isinstance(error, OSError) else "its arguments cannot be passed on"
    return f"The command `{command}` could not be started: {reason}."


class Child(asyncio.SubprocessProtocol):
    """`ended_with` is its exit code where it went before it was made to, negative for a signal."""

    def __init__(self) -> None:
        self.stdout = asyncio.StreamReader()
        self.ended_with: int | None = None
        self._stdout_is_over = False
        self._exited = asyncio.Event()
        self._last_words = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._group = self._transport.get_pid()
        self._stdin = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        self.stdout.set_transport(cast("asyncio.ReadTransport", self._transport.get_pipe_transport(1)))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self._last_words = (self._last_words + data)[-_LAST_WORDS:]
            _log.debug("An MCP server says: %s", data[:_LAST_WORDS].decode(errors="replace").rstrip())
        elif not self._stdout_is_over:
            self.stdout.feed_data(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        del exc
        if fd == 1:
            self._end_stdout()

    def process_exited(self) -> None:
        self._exited.set()
        # What it left behind may hold its output open for ever. What it said before is heard.
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._end_stdout)

    def _end_stdout(self) -> None:
        self._stdout_is_over = True
        self.stdout.feed_eof()

    @property
    def last_words(self) -> str:
        """The end of what it wrote to its standard error output."""
        return self._last_words.decode(errors="replace").strip()

    def write(self, data: bytes) -> bool:
        """Never waits. False where nobody is there to read it; the process then counts as ended."""
        if self._stdin.is_closing() or self._stdin.get_write_buffer_size() > MOST_UNREAD:
            self._end_stdout()
            return False
        self._stdin.write(data)
        return True

    async def stop(self) -> None:
        """Ask by the end of its input, then by SIGTERM, and then kill the whole group; within 1.5 s.

        Who is cancelled while waiting kills at once.
        """
        try:
            self._stdin.close()
            if await self._gone():
                self.ended_with = self._transport.get_returncode()
            elif self._signal(signal.SIGTERM):
                await self._gone()
        finally:
            self._signal(signal.SIGKILL)
            await self._gone()
            with suppress(PermissionError):
                self._transport.close()

    async def _gone(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await self._exited.wait()
        return self._exited.is_set()

    def _signal(self, number: signal.Signals) -> bool:
        """To the group, which may outlive its first process. False where nobody is left."""
        try:
            os.killpg(self._group, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True
