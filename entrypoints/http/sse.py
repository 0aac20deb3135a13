"""A run's events on the wire, as server-sent events (contract, section 5)."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from aiohttp import web

from application.ports.run_log import Follower, LogEntry
from domain.run_event import Done

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}
RETRY = b"retry: 2000\n\n"
HEARTBEAT = b": still here\n\n"
HEARTBEAT_SECONDS = 15.0
STALLED_SECONDS = 60.0
"""How long a reader may take nothing of what was written to it before its connection is closed."""

_SWEEP_SECONDS = 1.0


class OpenStream:
    """One connection that events are written to."""

    __slots__ = ("_loop", "_response", "_transport", "_written_at", "follower", "is_writing")

    def __init__(self, request: web.Request, response: web.StreamResponse, follower: Follower) -> None:
        self.follower = follower
        self.is_writing = False
        self._response = response
        self._transport = request.transport
        self._loop = asyncio.get_running_loop()
        self._written_at = self._loop.time()

    async def write(self, data: bytes) -> None:
        self.is_writing = True
        self._written_at = self._loop.time()
        await self._response.write(data)
        self.is_writing = False

    def sweep(self, now: float) -> None:
        """Keep a quiet stream alive, and let go of a reader that has stopped reading."""
        quiet = now - self._written_at
        if self.is_writing and quiet > STALLED_SECONDS and self._transport is not None:
            self._transport.abort()
        elif not self.is_writing and quiet >= HEARTBEAT_SECONDS:
            self.follower.nudge()


class StreamKeeper:
    """Looks after all open streams with one timer, as a timer for each write would cost more than the write."""

    def __init__(self) -> None:
        self._streams: set[OpenStream] = set()

    async def sweep_for_ever(self) -> None:
        """Runs until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            for stream in list(self._streams):
                stream.sweep(loop.time())

    @contextmanager
    def keeping(self, stream: OpenStream) -> Iterator[None]:
        self._streams.add(stream)
        try:
            yield
        finally:
            self._streams.discard(stream)


async def stream_run(request: web.Request, run_id: str, follower: Follower, keeper: StreamKeeper) -> web.StreamResponse:
    """Write a run's events until `done`, or until the reader has gone. All that is there goes in one write."""
    response = web.StreamResponse(headers=HEADERS)
    await response.prepare(request)
    stream = OpenStream(request, response, follower)
    with keeper.keeping(stream):
        try:
            # At once, as the headers leave with the first bytes of the body.
            await stream.write(RETRY)
            await _write_events(stream, run_id)
            await response.write_eof()
        except ConnectionResetError:
            return response
    return response


async def _write_events(stream: OpenStream, run_id: str) -> None:
    while True:
        entries = await stream.follower.next()
        if not entries:
            await stream.write(HEARTBEAT)
            continue
        await stream.write(b"".join([frame_of(run_id, entry) for entry in entries]))
        if isinstance(entries[-1].event, Done):
            return


def frame_of(run_id: str, entry: LogEntry) -> bytes:
    """The bytes of one event, made once for all readers. JSON has no line break in it, so the data is one line."""
    if entry.encoded is None:
        event = entry.event
        head = f"id: {run_id}:{entry.sequence}\nevent: {event.name}\ndata: "
        entry.encoded = b"%b%b\n\n" % (head.encode(), orjson.dumps(event))
    return entry.encoded
