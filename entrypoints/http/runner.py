"""Serving the application so that what is no HTTP gets an error of the API's own form too."""

import asyncio
import logging

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from domain.errors import MochiError, ValidationFailed
from entrypoints.http.errors import error_body
from entrypoints.http.json_bytes import to_json

_log = logging.getLogger(__name__)

_CLIENT_ERRORS = range(400, 500)


class HttpRunner(web.AppRunner):
    """An AppRunner whose connections answer malformed requests in JSON."""

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        return _Server(
            server.request_handler,
            request_factory=server.request_factory,
            handler_cancellation=server.handler_cancellation,
            loop=asyncio.get_running_loop(),
            **server._kwargs,  # noqa: SLF001 - aiohttp offers no other place to choose the class of its connections
        )


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(RequestHandler):
    __slots__ = ()

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
        """The answer to what aiohttp cannot read, or could not handle, in our form. The connection ends with it."""
        if status in _CLIENT_ERRORS and not request.writer.output_size:
            _log.info("malformed request from %s", request.remote)
            return _last_answer(status, ValidationFailed("This is no HTTP request that can be read."))
        answer = super().handle_error(request, status, exc, message)
        return _last_answer(answer.status, MochiError("The server failed. Its log says why."))


def _last_answer(status: int, error: MochiError) -> web.Response:
    answer = web.Response(status=status, body=to_json(error_body(error)), content_type="application/json")
    answer.force_close()
    return answer
