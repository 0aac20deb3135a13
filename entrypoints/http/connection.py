"""One client's connection: what is no HTTP, comes too slowly or is never taken is answered, or let go.

aiohttp itself waits an hour for the head of a request, and for ever for an answer to be taken.
"""

import asyncio
import logging
import secrets
import socket
from contextlib import suppress

from aiohttp import StreamReader, web
from aiohttp.http_exceptions import ContentEncodingError, HttpProcessingError, LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from application.work_ids import serving_request
from domain.errors import MochiError, ValidationFailed
from entrypoints.http.errors import TOO_LATE, UnsupportedEncoding, error_answer
from entrypoints.http.observing import ID_HEADER
from entrypoints.http.open_stream import STALLED_SECONDS

HEAD_SECONDS = 30.0
"""How long the head of a request may take from its first byte on, and a new connection to begin with one."""

KEEP_ALIVE_SECONDS = 300.0
"""How long a connection may rest between requests: longer than a proxy in front keeps its own."""

BODY_SECONDS = 30.0
"""How long a body may take, and longer only where it comes in at SLOWEST_BYTES a second or more."""

SLOWEST_BYTES = 16 * 1024

_PROBES = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""Ask a silent peer after a minute whether it is still there: a machine that was switched off never says goodbye."""

LONGEST_LINE = 8190
"""Bytes of a request's first line, and of each header of it: aiohttp's own limit, named here to be told."""

_CLIENT_ERRORS = range(400, 500)

_log = logging.getLogger(__name__)


class BodyTooSlow(web.RequestPayloadError):
    """What the reader of a body that trickles in is told."""


class Connection(RequestHandler):
    __slots__ = ("_body", "_body_timer", "_has_begun_head", "_head_timer", "_is_unreadable")

    _body: StreamReader
    _body_timer: asyncio.TimerHandle | None
    _has_begun_head: bool
    _head_timer: asyncio.TimerHandle | None
    _is_unreadable: bool

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._body = EMPTY_PAYLOAD
        self._body_timer = None
        self._has_begun_head = self._is_unreadable = False
        super().connection_made(transport)
        _notice_dead_peers(transport)
        self._head_timer = self._loop.call_later(HEAD_SECONDS, self._end_wait_for_head)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_head_timer()
        self._stop_body_timer()
        super().connection_lost(exc)

    def begin(self, body: StreamReader) -> None:
        """A request is to be handled, its body perhaps still on its way."""
        self._body = body
        if self._is_unreadable:
            self._break_off()
        elif not body.is_eof():
            self._body_timer = self._loop.call_later(BODY_SECONDS, self._look_at_body, self._loop.time())
            body.on_eof(self._stop_body_timer)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._messages:
            self._stop_head_timer()
            if isinstance(self._messages[-1][0], _ErrInfo):
                self._is_unreadable = True
                self._break_off()
        elif self._is_awaiting_head():
            self._has_begun_head = True
            if self._head_timer is None:
                self._head_timer = self._loop.call_later(HEAD_SECONDS, self._end_wait_for_head)

    def _break_off(self) -> None:
        """aiohttp leaves a body whose framing is broken without an end, and its reader waiting."""
        self._stop_body_timer()
        if not self._body.is_eof():
            self._body.set_exception(web.RequestPayloadError("the framing of the body is broken"))

    def _look_at_body(self, begun_at: float) -> None:
        left = begun_at + BODY_SECONDS + self._body.total_bytes / SLOWEST_BYTES - self._loop.time()
        if left > 0:
            self._body_timer = self._loop.call_later(left, self._look_at_body, begun_at)
        elif self._body.exception() is None:
            self._body.set_exception(BodyTooSlow("the body did not arrive in time"))

    def _stop_body_timer(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _is_awaiting_head(self) -> bool:
        # The first bytes may come before aiohttp has begun to wait for them.
        return not self._request_count or (self._waiter is not None and not self._waiter.done())

    def _stop_head_timer(self) -> None:
        self._has_begun_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_wait_for_head(self) -> None:
        self._head_timer = None
        if self._waiter is None or self._waiter.done():
            return
        if not self._has_begun_head:
            self.force_close()
            return
        # As aiohttp does it with a head that cannot be read: it is answered in its turn.
        error = _ErrInfo(TOO_LATE, HttpProcessingError(code=TOO_LATE), "")
        self._messages.append((error, EMPTY_PAYLOAD))
        self._waiter.set_result(None)

    def log_exception(self, *args: object, exc_info: BaseException | None = None, **kwargs: object) -> None:
        """A body that its client broke is no fault of the server's, and nobody may fill the log with tracebacks.

        It has been answered, or refused unread; aiohttp meets the error again as it drains the rest, and hangs up.
        """
        if isinstance(exc_info, web.RequestPayloadError):
            _log.info("a body that could not be decoded: the connection is closed")
            return
        super().log_exception(*args, exc_info=exc_info, **kwargs)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what aiohttp cannot read, or could not handle, in our form. The connection ends with it.

        No request has come so far that it would be told of, so it gets its id here.
        """
        request_id = secrets.token_hex(8)
        with serving_request(request_id, None, self._loop.time()):
            if status in _CLIENT_ERRORS and not request.writer.output_size:
                _log.info("what is no HTTP was answered with %d", status)
                if isinstance(exc, ContentEncodingError):
                    return _last_answer(error_answer(UnsupportedEncoding()), request_id)
                return _last_answer(error_answer(ValidationFailed(_complaint(status, exc)), status), request_id)
            answer = super().handle_error(request, status, exc, message)
            failure = MochiError("The server failed. Its log says why.")
            return _last_answer(error_answer(failure, answer.status), request_id)


def _complaint(status: int, error: BaseException | None) -> str:
    if status == TOO_LATE:
        return "The request did not arrive in time. Send it again, in one go."
    if isinstance(error, LineTooLong):
        return f"The first line of the request, or a header, is longer than {LONGEST_LINE} bytes."
    return "This is no HTTP request that can be read."


def _last_answer(answer: web.Response, request_id: str) -> web.Response:
    answer.headers.update({ID_HEADER: request_id, "X-Content-Type-Options": "nosniff"})
    answer.force_close()
    return answer


def _notice_dead_peers(transport: asyncio.BaseTransport) -> None:
    """Have the kernel end a connection whose peer is gone without a word, or takes nothing of any answer.

    Where a system has no such option, streams are looked after all the same (`open_stream.py`).
    """
    connection = transport.get_extra_info("socket")
    options = {"TCP_USER_TIMEOUT": int(STALLED_SECONDS * 1000), **_PROBES}
    for name, value in options.items():
        if connection is not None and connection.family != getattr(socket, "AF_UNIX", None) and hasattr(socket, name):
            # Of a peer that is gone by now, some systems take no option.
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
