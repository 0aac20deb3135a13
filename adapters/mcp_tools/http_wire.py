"""The SDK's messages over streamable HTTP.

The SDK follows redirects within the entry's own scheme, host and port alone, so its headers go nowhere else.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import cast

import httpx2
from mcp.client.streamable_http import MCP_SESSION_ID, streamable_http_client

from adapters.mcp_tools.entries import HttpEntry
from adapters.mcp_tools.lines import LONGEST_MESSAGE
from adapters.mcp_tools.watched import Incoming, Outgoing

_CONNECT_SECONDS = 5.0
_SHORT_ANSWER_SECONDS = 5.0


class HttpWire:
    """One session with a server, from its opening to its end."""

    def __init__(self, entry: HttpEntry) -> None:
        self._entry = entry
        self._refusal: int | None = None
        self._in_session = False

    @asynccontextmanager
    async def streams(self) -> AsyncIterator[tuple[Incoming, Outgoing]]:
        # In a thread: reading the system's certificates takes tens of milliseconds.
        client = await asyncio.to_thread(self._client)
        async with (
            client,
            streamable_http_client(self._entry.url, http_client=client, max_sse_event_size=LONGEST_MESSAGE) as streams,
        ):
            yield streams

    def ending(self) -> str:
        """What is known of why it ended."""
        if self._refusal is None:
            return ""
        return f"It answered with HTTP status {self._refusal} ({_phrase(self._refusal)})."

    def refuses_session(self, words: str) -> bool:
        """404 is what the protocol says; many servers were made after an example that answers 400."""
        return self._in_session and (self._refusal == 404 or (self._refusal == 400 and "session" in words.lower()))

    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            headers={"accept-encoding": "identity", **self._entry.headers},
            # An answer may take long, and who waits for it has a timeout.
            timeout=httpx2.Timeout(_CONNECT_SECONDS, read=None, pool=None),
            event_hooks={"request": [_expect_short_answer], "response": [self._watch]},
        )

    async def _watch(self, response: httpx2.Response) -> None:
        if response.request.method == "POST":
            self._refusal = response.status_code if response.is_error else None
            self._in_session = MCP_SESSION_ID in response.request.headers
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            is_packed = response.headers.get("content-encoding", "identity") != "identity"
            response.stream = _Bounded(
                cast("httpx2.AsyncByteStream", response.stream), 0 if is_packed else LONGEST_MESSAGE
            )


async def _expect_short_answer(request: httpx2.Request) -> None:
    """The SDK sends nothing else while it waits for the answer to a notification."""
    if request.method == "DELETE" or b'"method":"notifications/' in request.content:
        request.extensions["timeout"]["read"] = _SHORT_ANSWER_SECONDS


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown"


class _Refused(httpx2.StreamError):
    """The SDK makes it an error of the one request that was answered."""

    def __init__(self, most: int) -> None:
        too_long = f"The result is longer than {most // 1024 // 1024} MiB. Ask for less of it."
        super().__init__(too_long if most else "It is compressed, which was not asked for.")


class _Bounded(httpx2.AsyncByteStream):
    """At most `most` bytes: none of what is compressed, which may be anything once it is unpacked."""

    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream = stream
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken = 0
        async for block in self._stream:
            taken += len(block)
            if taken > self._most:
                raise _Refused(self._most)
            yield block

    async def aclose(self) -> None:
        await self._stream.aclose()
