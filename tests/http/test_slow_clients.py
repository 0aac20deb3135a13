"""Clients who take their time with a request: it is answered with 408 in the end, and nothing is held for them."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import orjson
import pytest

from entrypoints.http import connection
from tests.fakes.scripted_model import saying
from tests.http.bench import Client, HttpBench, Json, json_of

PATIENCE = 20.0
SHORT = 0.2
HEALTH = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BODY = b'{"model": "llama"}'


class Wire:
    """A connection, byte for byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def trickle(self, data: bytes) -> None:
        """One byte after the other, and the last one for ever, until nobody listens any more."""
        with suppress(ConnectionError):
            for byte in data:
                await self.send(bytes([byte]))
                await asyncio.sleep(SHORT / 20)
            while True:
                await self.send(data[-1:])
                await asyncio.sleep(SHORT / 20)

    async def answer(self) -> bytes:
        """The next answer of the server's."""
        async with asyncio.timeout(PATIENCE):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            assert length is not None
            return head + await self._reader.readexactly(int(length[1]))

    async def rest(self) -> bytes:
        """All up to the end of the connection."""
        rest = b""
        async with asyncio.timeout(PATIENCE):
            with suppress(ConnectionResetError):
                while block := await self._reader.read(65_536):
                    rest += block
        return rest


@asynccontextmanager
async def wire_to(client: Client) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def trickling(wire: Wire, data: bytes) -> AsyncIterator[None]:
    task = asyncio.create_task(wire.trickle(data))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def error_in(answer: bytes) -> Json:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert re.match(rb"HTTP/1\.[01] 408 ", head), answer
    return orjson.loads(body)["error"]


@pytest.fixture
def short_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", SHORT)


@pytest.fixture
def short_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", SHORT)
    monkeypatch.setattr(connection, "SLOWEST_BYTES", 1000)


@pytest.mark.usefixtures("short_heads")
async def test_a_head_that_trickles_in_is_answered_in_the_end(client: Client) -> None:
    async with wire_to(client) as wire, trickling(wire, HEALTH[:-2] + b"X-Long: x"):
        error = error_in(await wire.rest())
    assert error["code"] == "VALIDATION_ERROR"
    assert "in time" in error["message"]


@pytest.mark.usefixtures("short_heads")
async def test_so_is_a_later_one_of_a_connection(client: Client) -> None:
    async with wire_to(client) as wire:
        await wire.send(HEALTH)
        assert (await wire.answer()).startswith(b"HTTP/1.1 200 ")
        async with trickling(wire, HEALTH[:-2] + b"X-Long: x"):
            error_in(await wire.rest())


@pytest.mark.usefixtures("short_heads")
async def test_who_connects_and_says_nothing_is_let_go_without_a_word(client: Client) -> None:
    async with wire_to(client) as wire:
        assert await wire.rest() == b""


@pytest.mark.usefixtures("short_heads")
async def test_a_connection_may_rest_between_requests(client: Client) -> None:
    async with wire_to(client) as wire:
        for _ in range(2):
            await wire.send(HEALTH)
            assert (await wire.answer()).startswith(b"HTTP/1.1 200 ")
            await asyncio.sleep(3 * SHORT)


@pytest.mark.usefixtures("short_bodies")
@pytest.mark.parametrize(
    ("framing", "body"), [(b"Content-Length: 100000", b"{"), (b"Transfer-Encoding: chunked", b"FFFF\r\n{")]
)
async def test_a_body_that_trickles_in_is_answered_in_the_end_and_does_nothing(
    client: Client, bench: HttpBench, framing: bytes, body: bytes
) -> None:
    async with wire_to(client) as wire:
        await wire.send(POST + framing + b"\r\n\r\n")
        async with trickling(wire, body):
            error = error_in(await wire.rest())
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", "body")
    assert (await json_of(await client.get("/api/v1/sessions")))["sessions"] == []
    assert bench.catalog.asked == []


@pytest.mark.usefixtures("short_bodies")
async def test_a_body_that_never_comes_is_answered_too(client: Client) -> None:
    async with wire_to(client) as wire:
        await wire.send(POST + b"Content-Length: 18\r\n\r\n")
        error_in(await wire.rest())


async def test_a_large_body_may_take_longer_where_it_keeps_coming(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", SHORT)
    monkeypatch.setattr(connection, "SLOWEST_BYTES", 1)
    async with wire_to(client) as wire:
        await wire.send(POST + f"Content-Length: {len(BODY) + 100}\r\n\r\n".encode() + b" " * 100)
        await asyncio.sleep(3 * SHORT)
        await wire.send(BODY)
        assert (await wire.answer()).startswith(b"HTTP/1.1 201 ")


@pytest.mark.usefixtures("short_heads", "short_bodies")
async def test_an_answer_may_take_as_long_as_it_takes(client: Client, bench: HttpBench) -> None:
    """The limits are for what comes in."""
    gate = asyncio.Event()
    bench.model.reply_next([gate, *saying("late")])
    session = await bench.keep()
    async with wire_to(client) as wire:
        body = b'{"message": "hi"}'
        head = f"POST /api/v1/chat/{session.session_id} HTTP/1.1\r\nHost: localhost\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        await wire.send(head.encode() + body)
        await asyncio.sleep(3 * SHORT)
        gate.set()
        assert (await wire.answer()).startswith(b"HTTP/1.1 200 ")
