"""httpx over aiohttp: httpx's own pool stops at a hundred streams without a word and costs three times the CPU a piece.

A connection serves one request. Kept ones save a local handshake and bring back the old race in which the server
closes an idle connection just as a POST, which nobody may repeat blindly, is written to it.
"""

import asyncio
import io
from collections.abc import AsyncIterator

import aiohttp
import httpx

BODY = "mochi.body"
"""The extension of a response under which its body can be read without httpx's layers in between."""

_OWN_HEADERS = frozenset({"connection", "content-length", "host"})
_DECODED_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class AiohttpTransport(httpx.AsyncBaseTransport):
    """No limit on connections, no redirects, no cookies, no proxies; timeouts are those of the httpx request.

    The whole wait for the head of a response may take the read timeout, so that a server that takes a large request
    slowly, or not at all, is noticed too. Its session is made by the first request, inside the running loop.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        timeout = request.extensions["timeout"]
        try:
            async with asyncio.timeout(timeout["read"]):
                response = await self._opened().request(
                    request.method,
                    str(request.url),
                    data=io.BytesIO(await request.aread()),
                    headers=[(name, value) for name, value in request.headers.items() if name not in _OWN_HEADERS],
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None, connect=timeout["connect"]),
                )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _httpx_error(error) from error
        headers = [(name, value) for name, value in response.headers.items() if name.lower() not in _DECODED_HEADERS]
        body = Body(response, timeout["read"])
        return httpx.Response(response.status, headers=headers, stream=body, extensions={BODY: body})

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


class Body(httpx.AsyncByteStream):
    """The bytes of a response, decompressed, as they come. Closing it closes the socket, and generation stops.

    Silence is watched by one timer that looks again when it fires: aiohttp's own, set anew for every token, costs a
    tenth of the whole relay. Time in which nobody reads is not the server's.
    """

    def __init__(self, response: aiohttp.ClientResponse, patience: float) -> None:
        self._response = response
        self._content = response.content
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._waiting_since: float | None = None
        self._timer = self._loop.call_later(patience, self._look)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self._waiting_since = self._loop.time()
        try:
            block = await self._content.readany()
        except (aiohttp.ClientError, TimeoutError) as error:
            # aiohttp raises before it hands out what it holds; asked again, it raises again.
            block = self._content._read_nowait(-1)  # noqa: SLF001 (there is no public way to those bytes)
            if not block:
                raise _httpx_error(error) from error
        self._waiting_since = None
        if not block:
            raise StopAsyncIteration
        return block

    async def aclose(self) -> None:
        self._timer.cancel()
        self._response.close()

    def _look(self) -> None:
        since = self._waiting_since
        left = self._patience if since is None else since + self._patience - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._content.set_exception(TimeoutError("no bytes for too long"))


def _httpx_error(error: aiohttp.ClientError | TimeoutError) -> httpx.TransportError:
    """aiohttp's errors as those that httpx's callers know."""
    match error:
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError() | aiohttp.InvalidURL():
            return httpx.ConnectError(str(error))
        case TimeoutError():
            return httpx.ReadTimeout(str(error))
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError():
            return httpx.RemoteProtocolError(str(error))
        case _:
            return httpx.ReadError(str(error))
