"""The client's end of one connection that carries one request: HTTP/1.1 read by httptools, and handed on at once."""

import asyncio
from collections.abc import Callable
from typing import Final, cast

import httptools
import httpx

from adapters.ollama.errors import Refusal

LONGEST_HEAD: Final = 64 * 1024
"""Bytes of an answer before its body."""

LONGEST_REFUSAL: Final = 1024 * 1024
"""Bytes of the body of a refusal: a proxy's page may be any long, and words are cut anyway."""

_SUCCESS: Final = range(200, 300)
_FIRST_FINAL: Final = 200
"""Smaller statuses announce the answer and are none."""

Take = Callable[[bytes], bool]
"""Is handed each block of a body as it comes, and says whether it has all that it wants."""


class Receiver(asyncio.Protocol):
    """Reads one answer. `ended` is done when it is over: when `take` has all, the body has ended, or with the error.

    Errors are those of `exchange`. A body is handed on within the call that brings its bytes, without a task to wake.
    Silence is watched by one timer, which looks again when it fires: a timer set anew for each piece of an answer costs
    a tenth of the whole relay.
    """

    def __init__(self, take: Take, silence_seconds: float) -> None:
        self._take = take
        self._patience = silence_seconds
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._head_bytes = 0
        self._status = 0
        self._is_framed = self._is_encoded = False
        self._refusal = b""
        self._is_over = False
        self._heard_at = self._loop.time()
        self._timer = self._loop.call_later(silence_seconds, self._look)
        self._has_room = asyncio.Event()
        self._has_room.set()
        self.ended: asyncio.Future[None] = self._loop.create_future()

    async def send(self, data: bytes | memoryview) -> None:
        """Write once there is room for more; not at all where the answer is over already."""
        await self._has_room.wait()
        if self._transport is not None and not self._is_over:
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection, whatever is still on its way in it."""
        self._is_over = True
        self._timer.cancel()
        if self.ended.done() and not self.ended.cancelled():
            self.ended.exception()  # Seen here, else asyncio reports it as never retrieved.
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def pause_writing(self) -> None:
        self._has_room.clear()

    def resume_writing(self) -> None:
        self._has_room.set()

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        self._heard_at = self._loop.time()
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._end(httpx.RemoteProtocolError(str(error)))
        if not self._status:
            self._head_bytes += len(data)
            if self._head_bytes > LONGEST_HEAD:
                self._end(httpx.RemoteProtocolError("the head of the answer has no end"))

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._end(httpx.ReadError(str(exc)))
        elif not self._status:
            self._end(httpx.RemoteProtocolError("the connection was closed without an answer"))
        elif self._is_framed:
            self._end(httpx.RemoteProtocolError("the connection was closed within the answer"))
        else:
            self.on_message_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        match name.lower():
            case b"content-length" | b"transfer-encoding":
                self._is_framed = True
            case b"content-encoding":
                self._is_encoded = value.strip().lower() not in {b"", b"identity"}

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL:
            return
        self._status = status
        if self._is_encoded:
            self._end(httpx.DecodingError("the answer is compressed, which nobody asked for"))

    def on_body(self, body: bytes) -> None:
        if self._is_over:
            return
        if self._status not in _SUCCESS:
            self._refusal = (self._refusal + body)[:LONGEST_REFUSAL]
            if len(self._refusal) == LONGEST_REFUSAL:
                self.on_message_complete()
            return
        try:
            if self._take(body):
                self._end(None)
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
            self._end(error)

    def on_message_complete(self) -> None:
        if not self._status:
            return
        if self._status in _SUCCESS:
            self._end(None)
        else:
            self._end(Refusal(self._status, self._refusal.decode("utf-8", "replace")))

    def _end(self, error: Exception | None) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._has_room.set()
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)

    def _look(self) -> None:
        left = self._heard_at + self._patience - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._end(httpx.ReadTimeout("no bytes for too long"))
