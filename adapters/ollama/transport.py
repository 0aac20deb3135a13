"""The way to Ollama: aiohttp, under httpx's client and beside it.

httpx's own pool stops at a hundred streams without a word and costs three times the CPU a piece. A connection serves
one request. Kept ones save a local handshake and bring back the old race in which the server closes an idle connection
just as a POST, which nobody may repeat blindly, is written to it.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import aiohttp
import httpx
from multidict import CIMultiDict

_LARGE_BYTES = 1024 * 1024
"""From here on aiohttp wants a body as a file, to write it in parts."""

_OWN_HEADERS = frozenset({"connection", "content-length", "host"})
_DECODED_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go, and what is the same for all of them: seconds for a connection, and of silence."""

    method: str
    url: str
    headers: CIMultiDict[str]
    timeout: aiohttp.ClientTimeout
    silence_seconds: float


def target_of(request: httpx.Request) -> Target:
    """`request` without its body, in aiohttp's terms."""
    timeout = request.extensions["timeout"]
    return Target(
        request.method,
        str(request.url),
        _without(_OWN_HEADERS, request.headers.items()),
        aiohttp.ClientTimeout(total=None, connect=timeout["connect"]),
        timeout["read"],
    )


class AiohttpTransport(httpx.AsyncBaseTransport):
    """No limit on connections, no redirects, no cookies, no proxies; timeouts are those of the httpx request.

    The whole wait for the head of a response may take the read timeout, so that a server that takes a large request
    slowly, or not at all, is noticed too. Its session is made by the first request, inside the running loop.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await self.send(target_of(request), await request.aread())
        headers = _without(_DECODED_HEADERS, body.head.headers.items())
        return httpx.Response(body.head.status, headers=list(headers.items()), stream=body)

    async def send(self, target: Target, content: bytes) -> "Body":
        """The answer, its head read, for the caller to close. Raises httpx.TransportError.

        Beside httpx's client, whose layers cost a millisecond a request.
        """
        try:
            async with asyncio.timeout(target.silence_seconds):
                response = await self._opened().request(
                    target.method,
                    target.url,
                    data=io.BytesIO(content) if len(content) >= _LARGE_BYTES else content,
                    headers=target.headers,
                    allow_redirects=False,
                    timeout=target.timeout,
                )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _httpx_error(error) from error
        return Body(response, target.silence_seconds)

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

    def __init__(self, head: aiohttp.ClientResponse, patience: float) -> None:
        self.head = head
        self._content = head.content
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._waiting_since: float | None = None
        self._timer = self._loop.call_later(patience, self._look)
        self._hear_of_the_end()

    async def read(self) -> bytes:
        """What has come, waiting where that is nothing; empty at the end. Raises httpx.TransportError."""
        self._waiting_since = self._loop.time()
        try:
            block = await self._content.readany()
        except (aiohttp.ClientError, TimeoutError) as error:
            # aiohttp raises before it hands out what it holds; asked again, it raises again.
            block = self._content._read_nowait(-1)  # noqa: SLF001 (there is no public way to those bytes)
            if not block:
                raise _httpx_error(error) from error
        self._waiting_since = None
        return block

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while block := await self.read():
            yield block

    async def aclose(self) -> None:
        self.close()

    def close(self) -> None:
        self._timer.cancel()
        self.head.close()

    def _hear_of_the_end(self) -> None:
        """aiohttp closes the connection where the framing of a body is broken, and leaves its reader waiting."""
        protocol = self.head.connection.protocol if self.head.connection else None
        if protocol is not None and (closed := protocol.closed) is not None:
            closed.add_done_callback(self._on_closed)

    def _on_closed(self, closed: "asyncio.Future[None]") -> None:
        if not closed.cancelled():
            closed.exception()  # Seen here, else asyncio reports it as never retrieved.
        if not self._content.is_eof() and self._content.exception() is None:
            self._content.set_exception(aiohttp.ClientPayloadError("the framing of the body is broken"))

    def _look(self) -> None:
        since = self._waiting_since
        left = self._patience if since is None else since + self._patience - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._content.set_exception(TimeoutError("no bytes for too long"))


def _without(names: frozenset[str], headers: Iterable[tuple[str, str]]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers if name.lower() not in names)


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
