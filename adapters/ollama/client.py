"""The `ollama` package's client, with what it lacks for us."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import httpx
import ollama
import orjson

from adapters.ollama.errors import Refusal
from adapters.ollama.transport import BODY, AiohttpTransport, Body
from domain.json_value import JsonObject, JsonValue

CONNECT_SECONDS = 5.0
"""How long a connection may take, names looked up and all: an Ollama is near, or it is not there."""


LONGEST_LINE = 64 * 1024 * 1024
"""Bytes. A piece of an answer takes hundreds, tool calls thousands; what has no end would take all memory."""


class OllamaClient(ollama.AsyncClient):
    """One for all adapters of a server: it reads the address and the key as every Ollama client does.

    `host` is in any form that OLLAMA_HOST takes, `timeout` in seconds of silence. Raises ValueError for a `host` that
    is none. The errors of its methods are for `adapters.ollama.errors.domain_errors` to translate.

    The package's own `chat` drops the ids of tool calls, reads pictures from paths, knows no `truncate` and parses
    each line twice; its `show` refuses a model that has no `model_info`. So JSON goes and comes as it is.
    """

    def __init__(self, *, host: str, timeout: float) -> None:
        super().__init__(
            host.strip(),
            transport=AiohttpTransport(),
            timeout=httpx.Timeout(timeout, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
            headers={"accept-encoding": "identity"},
            event_hooks={"response": [_require_success]},
        )
        self._http = cast("httpx.AsyncClient", self._client)

    @property
    def address(self) -> str:
        return str(self._http.base_url).rstrip("/")

    async def aclose(self) -> None:
        await self._http.aclose()

    async def get(self, path: str) -> JsonValue:
        return cast("JsonValue", orjson.loads((await self._http.get(path)).content))

    async def post(self, path: str, body: JsonObject) -> JsonValue:
        return cast("JsonValue", orjson.loads((await self._http.post(path, content=orjson.dumps(body))).content))

    @asynccontextmanager
    async def post_chat(self, body: bytes) -> AsyncIterator[AsyncIterator[list[bytes]]]:
        """The lines of a streamed answer, as many at a time as have come, without their ends.

        Leaving the context closes the socket.
        """
        async with self._http.stream("POST", "/api/chat", content=body) as response:
            yield _Lines(response.extensions[BODY])


async def _require_success(response: httpx.Response) -> None:
    if not response.is_success:
        await response.aread()
        raise Refusal(response.status_code, response.text)


class _Lines(AsyncIterator[list[bytes]]):
    """Split at line feeds only (text may hold other line ends), at a cost that is linear in a line's length."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._begun: list[bytes] = []
        self._begun_bytes = 0

    async def __anext__(self) -> list[bytes]:
        async for block in self._body:
            lines = block.split(b"\n")
            self._begun.append(lines[0])
            if len(lines) > 1:
                lines[0] = b"".join(self._begun)
                self._begun = [lines.pop()]
                self._begun_bytes = len(self._begun[0])
                return lines
            self._begun_bytes += len(block)
            if self._begun_bytes > LONGEST_LINE:
                raise ValueError("a line without end")
        if not self._begun:
            raise StopAsyncIteration
        last, self._begun = b"".join(self._begun), []
        return [last]
