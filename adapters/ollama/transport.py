"""httpx over aiohttp: httpx's own pool stops at a hundred streams without a word and costs three times the CPU a piece.

A connection serves one request. Kept ones save a local handshake and bring back the old race in which the server
closes an idle connection just as a POST, which nobody may repeat blindly, is written to it.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx
from yarl import URL

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
        with _httpx_errors():
            async with asyncio.timeout(timeout["read"]):
                response = await self._opened().request(
                    request.method,
                    URL(str(request.url), encoded=True),
                    data=io.BytesIO(await request.aread()),
                    headers=[(name, value) for name, value in request.headers.items() if name not in _OWN_HEADERS],
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None, connect=timeout["connect"], sock_read=timeout["read"]),
                )
        headers = [(name, value) for name, value in response.headers.items() if name.lower() not in _DECODED_HEADERS]
        body = Body(response)
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
    """The bytes of a response, decompressed, as they come. Closing it closes the socket, and generation stops."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        content = self._response.content
        with _httpx_errors():
            try:
                while block := await content.readany():
                    yield block
            except (aiohttp.ClientError, TimeoutError):
                if rest := content._read_nowait(-1):  # noqa: SLF001 (aiohttp raises before it gives what it holds)
                    yield rest
                raise

    async def aclose(self) -> None:
        self._response.close()


@contextmanager
def _httpx_errors() -> Iterator[None]:
    """aiohttp's errors as those that httpx's callers know."""
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
        raise httpx.ConnectError(str(error)) from error
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error)) from error
    except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError) as error:
        raise httpx.RemoteProtocolError(str(error)) from error
    except aiohttp.ClientError as error:
        raise httpx.ReadError(str(error)) from error
