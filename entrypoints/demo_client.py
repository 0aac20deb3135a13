"""What any front end does, in short: JSON requests, and a stream of events that can be left and joined again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

API = "/api/v1"


class DemoFailed(Exception):
    """The server did not do what it promises; the message is one line."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """A server-sent event as it came; `data` is its JSON text."""

    event_id: str
    name: str
    data: str

    @property
    def sequence(self) -> int:
        return int(self.event_id.rpartition(":")[2])

    @property
    def text(self) -> str:
        return str(orjson.loads(self.data).get("content", ""))


class DemoClient:
    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    # Any: JSON as it came; the demo shows it and looks at two or three of its fields.
    async def post(self, path: str, body: object = None) -> Any:
        async with self._http.post(path, json=body) as response:
            return await _json_of(response)

    async def get(self, path: str) -> Any:
        async with self._http.get(path) as response:
            return await _json_of(response)

    @asynccontextmanager
    async def ask(self, path: str, body: object) -> AsyncIterator[AsyncIterator[ServerEvent]]:
        """The events of a new run. Leaving the context drops the connection."""
        async with self._http.post(path, json=body) as response:
            yield await _events_of(response)
            response.close()

    @asynccontextmanager
    async def rejoin(self, path: str, last_event_id: str) -> AsyncIterator[AsyncIterator[ServerEvent]]:
        async with self._http.get(path, headers={"Last-Event-ID": last_event_id}) as response:
            yield await _events_of(response)
            response.close()


async def _json_of(response: aiohttp.ClientResponse) -> Any:
    await _require_success(response)
    return orjson.loads(await response.read())


async def _require_success(response: aiohttp.ClientResponse) -> None:
    if response.status >= 300:
        text = await response.text()
        raise DemoFailed(f"{response.method} {response.url.path} was answered with {response.status}: {text[:300]}")


async def _events_of(response: aiohttp.ClientResponse) -> AsyncIterator[ServerEvent]:
    await _require_success(response)
    return _events_in(response.content)


async def _events_in(stream: aiohttp.StreamReader) -> AsyncIterator[ServerEvent]:
    fields: dict[str, str] = {}
    async for line in stream:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif "event" in fields:
            yield ServerEvent(fields.get("id", ""), fields["event"], fields.get("data", ""))
            fields = {}
