"""Serving the application over connections of our own kind."""

import asyncio
from typing import Any

from aiohttp import StreamReader, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from entrypoints.http.bodies import EXPECTATION
from entrypoints.http.connection import KEEP_ALIVE_SECONDS, LONGEST_LINE, Connection


class HttpRunner(web.AppRunner):
    """An AppRunner whose connections bear with bad clients, and answer malformed requests in JSON."""

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        limits = {
            "keepalive_timeout": KEEP_ALIVE_SECONDS,
            "max_line_size": LONGEST_LINE,
            "max_field_size": LONGEST_LINE,
        }
        return _Server(
            server.request_handler,
            request_factory=server.request_factory,
            handler_cancellation=server.handler_cancellation,
            loop=asyncio.get_running_loop(),
            **{**limits, **server._kwargs},  # noqa: SLF001 - aiohttp offers no other place to choose the class of its connections
        )


class _Server(web.Server):
    def __init__(self, *args: Any, **kwargs: Any) -> None:  # aiohttp's own signature
        super().__init__(*args, **kwargs)
        make_request = self.request_factory

        def begin_request(
            message: RawRequestMessage,
            body: StreamReader,
            connection: RequestHandler,
            writer: AbstractStreamWriter,
            task: "asyncio.Task[None]",
        ) -> web.BaseRequest:
            if isinstance(connection, Connection):
                connection.begin(body)
            if hdrs.EXPECT not in message.headers:
                return make_request(message, body, connection, writer, task)
            request = make_request(_without_expectation(message), body, connection, writer, task)
            request[EXPECTATION] = message.headers[hdrs.EXPECT]
            return request

        self.request_factory = begin_request

    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, **self._kwargs)


def _without_expectation(message: RawRequestMessage) -> RawRequestMessage:
    """aiohttp would answer it at once: a stranger, too, and in plain text where it does not know what is expected."""
    headers = message.headers.copy()
    del headers[hdrs.EXPECT]
    return message._replace(headers=type(message.headers)(headers))
