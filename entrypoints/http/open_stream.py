"""Connections that events are written to.

An event goes from the model's chunk to the reader's socket in one go: the log calls the stream, and the stream writes
to the transport. No task is woken for it; a stream's own task waits for the end, or for a slow reader to catch up.
"""

import asyncio
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from application.ports.run_log import Follower, LogEntry
from domain.run_event import ContentDelta, Done, Snapshot
from entrypoints.http import rendering
from entrypoints.http.json_bytes import to_json

HEARTBEAT = b": still here\n\n"
HEARTBEAT_SECONDS = 15.0
STALLED_SECONDS = 60.0
"""How long a reader may take nothing of what was written to it before its connection is closed."""

FULL_BYTES = 256 * 1024
"""What is written and not taken yet; from here on events stay in the log, where all readers share them."""

BURST_SECONDS = 0.001
"""Events that come closer upon each other than this are written together, when the loop comes round."""

_SWEEP_SECONDS = 1.0
_CATCH_UP_SECONDS = 0.05


_CONTENT_FRAME = b'id: %%b:%%d\nevent: %b\ndata: {"content":%%b,"role":"assistant"}\n\n' % ContentDelta.name.encode()


class OpenStream:
    """One reader's connection, its headers sent. `is_chunked` says how the body is framed."""

    __slots__ = (
        "_catching_up",
        "_ended",
        "_follower",
        "_is_chunked",
        "_is_due",
        "_is_full",
        "_loop",
        "_run_id",
        "_taken_at",
        "_taken_bytes",
        "_transport",
        "_written_at",
        "_written_bytes",
    )

    def __init__(self, transport: asyncio.WriteTransport, follower: Follower, run_id: str, *, is_chunked: bool) -> None:
        self._transport = transport
        self._follower = follower
        self._run_id = run_id
        self._is_chunked = is_chunked
        self._is_due = False
        self._is_full = False
        self._catching_up: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._written_at = self._taken_at = self._loop.time()
        self._written_bytes = 0
        # Not known before the first look: the head and the beginning wait, too, and are not counted as written here.
        self._taken_bytes = -math.inf

    def beginning(self) -> bytes:
        """The first events, for the one write with which a response and its headers go out."""
        entries = self._follower.take()
        if entries and isinstance(entries[-1].event, Done):
            self._ended.set_result(None)
        return self._frames(entries)

    async def write_to_end(self) -> None:
        """Until `done` is written. Raises ConnectionResetError where the reader is gone."""
        self._follower.watch(self._hear)
        self._write_news()
        try:
            await self._ended
        finally:
            if not self._ended.cancelled():
                self._ended.exception()  # Seen here, else asyncio reports it as never retrieved.
            if self._catching_up is not None:
                self._catching_up.cancel()

    def sweep(self, now: float) -> None:
        """Keep a quiet stream alive, and let go of a reader that has stopped reading."""
        waiting = self._transport.get_write_buffer_size()
        taken_bytes = self._written_bytes - waiting
        if waiting == 0 or taken_bytes > self._taken_bytes:
            self._taken_bytes, self._taken_at = taken_bytes, now
        elif now - self._taken_at > STALLED_SECONDS:
            self._transport.abort()
        is_quiet = now - self._written_at >= HEARTBEAT_SECONDS
        if is_quiet and not (self._is_full or self._ended.done() or self._transport.is_closing()):
            self._write(HEARTBEAT, now)

    def abort(self) -> None:
        self._transport.abort()

    def _hear(self, entry: LogEntry) -> bool:
        """Called within the append of an event. What comes close upon another goes with it, in one write."""
        if self._is_full or self._is_due:
            return False
        now = self._loop.time()
        if now - self._written_at < BURST_SECONDS:
            self._is_due = True
            self._loop.call_soon(self._write_news)
            return False
        if self._ended.done():
            return False
        try:
            self._write(frame_of(self._run_id, entry), now)
            if type(entry.event) is Done:
                self._ended.set_result(None)
        except Exception as error:  # noqa: BLE001 - it is raised where this stream is awaited
            self._ended.set_exception(error)
        return True

    def _write_news(self) -> None:
        """Whatever goes wrong here ends this stream and not the run that it reads."""
        self._is_due = False
        if self._is_full or self._ended.done():
            return
        try:
            while entries := self._follower.take():
                has_room = self._write(self._frames(entries), self._loop.time())
                if isinstance(entries[-1].event, Done):
                    self._ended.set_result(None)
                    return
                if not has_room:
                    return
        except Exception as error:  # noqa: BLE001 - it is raised where this stream is awaited
            self._ended.set_exception(error)

    def _frames(self, entries: Sequence[LogEntry]) -> bytes:
        return b"".join([frame_of(self._run_id, entry) for entry in entries])

    def _write(self, data: bytes, now: float) -> bool:
        """Whether there is room for more."""
        if self._transport.is_closing():
            raise ConnectionResetError("the reader is gone")
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)
        self._written_at = now
        self._written_bytes += len(data)
        if self._transport.get_write_buffer_size() > FULL_BYTES:
            self._is_full = True
            self._catching_up = self._loop.call_later(_CATCH_UP_SECONDS, self._catch_up)
        return not self._is_full

    def _catch_up(self) -> None:
        """Go on once the reader has taken most of what was written."""
        if self._transport.is_closing() or self._transport.get_write_buffer_size() <= FULL_BYTES // 4:
            self._is_full = False
            self._write_news()
            if not self._ended.done() and self._transport.is_closing():
                self._ended.set_exception(ConnectionResetError("the reader is gone"))
        else:
            self._catching_up = self._loop.call_later(_CATCH_UP_SECONDS, self._catch_up)


class StreamKeeper:
    """Looks after all open streams with one timer, as a timer for each write would cost more than the write."""

    def __init__(self) -> None:
        self._streams: set[OpenStream] = set()
        self._is_empty = asyncio.Event()

    async def close(self, patience: float) -> None:
        """Let go of the readers who have not taken the rest within `patience` seconds. All runs have ended before."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._streams:
                    self._is_empty.clear()
                    await self._is_empty.wait()
        for stream in self._streams:
            stream.abort()

    async def sweep_for_ever(self) -> None:
        """Runs until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self.sweep(loop.time())

    def sweep(self, now: float) -> None:
        for stream in list(self._streams):
            stream.sweep(now)

    @contextmanager
    def keeping(self, stream: OpenStream) -> Iterator[None]:
        self._streams.add(stream)
        try:
            yield
        finally:
            self._streams.discard(stream)
            if not self._streams:
                self._is_empty.set()


def frame_of(run_id: str, entry: LogEntry) -> bytes:
    """The bytes of one event. JSON has no line break in it, so the data is one line.

    They are made for each reader: that takes a microsecond, and to keep them would take more memory than the events do.
    """
    sequence, event = entry
    # Pieces of text are nearly all that there is: writing what varies of them takes a third of the time.
    if type(event) is ContentDelta:
        return _CONTENT_FRAME % (run_id.encode(), sequence, to_json(event.content))
    data = to_json(rendering.snapshot(event) if type(event) is Snapshot else event)
    return b"id: %b:%d\nevent: %b\ndata: %b\n\n" % (run_id.encode(), sequence, event.name.encode(), data)
