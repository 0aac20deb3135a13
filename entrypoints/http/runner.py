"""Serving the application so that what is no HTTP gets an error of the API's own form too."""

import asyncio

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from domain.errors import MochiError, ValidationFailed
from entrypoints.http.errors import error_body
from entrypoints.http.json_bytes import to_json

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

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What aiohttp answers to a request that it cannot read, in our form; it has logged why."""
        answer = super().handle_error(request, status, exc, message)
        error: MochiError = MochiError("The server failed. Its log says why.")
        if status in _CLIENT_ERRORS:
            error = ValidationFailed("This is no HTTP request that the server can read. Check its line and headers.")
        own = web.Response(status=answer.status, body=to_json(error_body(error)), content_type="application/json")
        own.force_close()
        return own
