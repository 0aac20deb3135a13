"""The API as a client on the other end of a socket has it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import aiohttp
import orjson

Json: TypeAlias = Any  # what an answer holds is for each test to say

PATIENCE = 20.0
"""Seconds for what takes a fraction of one on an idle machine."""

RETRY = b"retry: 2000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event as it came; `frame` are its bytes without the blank line that ends them."""

    name: str
    data: Json
    run_id: str
    sequence: int
    frame: bytes

    @property
    def event_id(self) -> str:
        return f"{self.run_id}:{self.sequence}"


class Events:
    """The events of one stream, in their order. `comments` and `first_line` are what came beside them."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.first_line = b""
        self.comments: list[bytes] = []
        self._held = b""

    async def next(self) -> Event:
        """Raises EOFError where the stream has ended."""
        while True:
            frame = await self._next_frame()
            if frame.startswith(b":"):
                self.comments.append(frame)
            elif not self.first_line:
                self.first_line = frame
                assert frame == RETRY
            else:
                return _event(frame)

    async def until(self, name: str) -> list[Event]:
        """All events up to the next of this name."""
        events = [await self.next()]
        while events[-1].name != name:
            events.append(await self.next())
        return events

    async def until_text(self, text: str) -> list[Event]:
        """All events up to the one by which their text is `text`."""
        events: list[Event] = []
        while text_of(events) != text:
            events.append(await self.next())
        return events

    async def rest(self) -> list[Event]:
        """All events up to `done`, which nothing may follow."""
        events = await self.until("done")
        assert self._held == b""
        assert await self._receive() == b""
        return events

    async def comment(self) -> bytes:
        """The next comment, before which no event may come."""
        while not self.first_line:
            self.first_line = await self._next_frame()
        frame = await self._next_frame()
        assert frame.startswith(b":")
        return frame

    async def _next_frame(self) -> bytes:
        while b"\n\n" not in self._held:
            block = await self._receive()
            if not block:
                raise EOFError(self._held)
            self._held += block
        frame, _, self._held = self._held.partition(b"\n\n")
        return frame

    async def _receive(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.response.content.readany()


def _event(frame: bytes) -> Event:
    identity, name, data = frame.split(b"\n")
    run_id, _, sequence = identity.removeprefix(b"id: ").decode().partition(":")
    event = Event(
        name=name.removeprefix(b"event: ").decode(),
        data=orjson.loads(data.removeprefix(b"data: ")),
        run_id=run_id,
        sequence=int(sequence),
        frame=frame,
    )
    assert frame.startswith(f"id: {event.event_id}\nevent: {event.name}\ndata: {{".encode())
    return event


def names_of(events: list[Event]) -> list[str]:
    return [event.name for event in events]


def text_of(events: list[Event]) -> str:
    return "".join(event.data["content"] for event in events if event.name == "content_delta")


class Api:
    """A client of one server."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self.client = client

    async def call(self, method: str, path: str, status: int = 200, **more: Json) -> Json:
        """The JSON of an answer, which must have this status; None where it has no body."""
        async with asyncio.timeout(PATIENCE), self.client.request(method, f"/api/v1{path}", **more) as answer:
            body = await answer.read()
            assert answer.status == status, body
            return orjson.loads(body) if body else None

    async def error(self, method: str, path: str, status: int, code: str, **more: Json) -> Json:
        """The details of an error, which must have this status and code."""
        error = (await self.call(method, path, status, **more))["error"]
        assert error["code"] == code, error
        assert error["message"]
        return error["details"]

    async def new_session(self, model: str = "tiny", **fields: Json) -> str:
        session_id: str = (await self.call("POST", "/sessions", 201, json={"model": model, **fields}))["session_id"]
        return session_id

    async def answer(self, session_id: str, message: str | None = "hello", **fields: Json) -> Json:
        return await self.call("POST", f"/chat/{session_id}", json={"message": message, **fields})

    async def messages(self, session_id: str) -> list[Json]:
        messages: list[Json] = (await self.call("GET", f"/sessions/{session_id}/messages"))["messages"]
        return messages

    async def last_message(self, session_id: str) -> Json:
        return (await self.messages(session_id))[-1]

    async def runs(self, session_id: str) -> list[Json]:
        runs: list[Json] = (await self.call("GET", f"/chat/{session_id}/runs"))["runs"]
        return runs

    async def run(self, session_id: str, run_id: str) -> Json:
        return await self.call("GET", f"/chat/{session_id}/runs/{run_id}")

    async def cancel(self, session_id: str, run_id: str | None = None) -> Json:
        query = {} if run_id is None else {"run_id": run_id}
        return await self.call("POST", f"/chat/{session_id}/cancel", params=query)

    @asynccontextmanager
    async def stream(
        self,
        session_id: str,
        message: str | None = "hello",
        *,
        headers: Mapping[str, str] | None = None,
        **fields: Json,
    ) -> AsyncIterator[Events]:
        """A new run and its events; leaving the context closes the connection."""
        body = {"message": message, **fields}
        path = f"/api/v1/chat/{session_id}/stream"
        async with self.client.post(path, json=body, headers=headers) as response:
            yield await _events_of(response)

    @asynccontextmanager
    async def join(
        self, session_id: str, *, last_event_id: str | None = None, run_id: str | None = None
    ) -> AsyncIterator[Events]:
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        query = {} if run_id is None else {"run_id": run_id}
        path = f"/api/v1/chat/{session_id}/stream"
        async with self.client.get(path, headers=headers, params=query) as response:
            yield await _events_of(response)

    async def joined(self, session_id: str, last_event_id: str | None = None, run_id: str | None = None) -> list[Event]:
        """The events of a run that ends by itself, or has ended, from there on."""
        async with self.join(session_id, last_event_id=last_event_id, run_id=run_id) as events:
            return await events.rest()


async def _events_of(response: aiohttp.ClientResponse) -> Events:
    assert response.status == 200, await response.text()
    return Events(response)


@asynccontextmanager
async def api_at(url: str) -> AsyncIterator[Api]:
    """Every request has a connection of its own."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(url, connector=connector, timeout=timeout) as client:
        yield Api(client)
