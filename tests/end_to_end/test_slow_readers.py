"""Readers who take their time, or nothing at all: they harm nobody."""

import asyncio
import ctypes
import gc
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from entrypoints.http import connection, open_stream
from tests.doubles.ollama_server.script import Gate, Piece, Reply, Silence, Tokens
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import PATIENCE, Api

PIECE = "x" * 2000
SO_ATTACH_FILTER = 26
BPF_RETURN = 6
by_the_kernel = pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no such option")
MEBIBYTE = 1024 * 1024


class SlowReader:
    """A connection of its own, with small buffers, that takes what it is told to take and no more."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.taken = b""

    async def take(self, count: int) -> None:
        loop = asyncio.get_running_loop()
        while count > 0:
            async with asyncio.timeout(PATIENCE):
                block = await loop.sock_recv(self._connection, min(count, 65_536))
            if not block:
                raise EOFError
            self.taken += block
            count -= len(block)

    async def take_all(self) -> None:
        """Up to the end of the answer, or of the connection."""
        try:
            while not self.taken.endswith(b"0\r\n\r\n"):
                await self.take(1)
                await self.take_what_is_there()
        except EOFError:
            return

    async def hung_up_on(self) -> None:
        """Until the server has closed its end, which shows here only once all that it sent is taken."""
        async with asyncio.timeout(PATIENCE):
            while self._is_open_over_there():  # noqa: ASYNC110 - only the kernel knows, and it calls nobody
                await asyncio.sleep(0.05)

    def _is_open_over_there(self) -> bool:
        """Whether the kernel lists the server's end of the connection as established."""
        theirs, ours = self._connection.getpeername()[1], self._connection.getsockname()[1]
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
        ends = f":{theirs:04X}", f":{ours:04X}"
        return any((line[1][8:], line[2][8:], line[3]) == (*ends, "01") for line in lines)

    def vanish(self) -> None:
        """As a machine that loses its power: from now on nothing that is sent here arrives, nor is answered."""
        drop_all = ctypes.create_string_buffer(struct.pack("HBBI", BPF_RETURN, 0, 0, 0))
        program = struct.pack("HP", 1, ctypes.addressof(drop_all))
        self._connection.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)

    async def take_what_is_there(self) -> None:
        try:
            while block := self._connection.recv(MEBIBYTE):
                self.taken += block
        except BlockingIOError:
            return


@asynccontextmanager
async def reading(api: Api, session_id: str, path: str = "/chat/{}/stream") -> AsyncIterator[SlowReader]:
    """Joins the session's run, or asks for something else, and takes nothing yet but the head of the answer."""
    url = api.client._base_url
    assert url is not None
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, (url.host, url.port))
        head = f"GET /api/v1{path.format(session_id)} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        await loop.sock_sendall(connection, head.encode())
        reader = SlowReader(connection)
        await reader.take(15)
        assert reader.taken.startswith(b"HTTP/1.1 200 OK")
        yield reader


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_one_that_reads_nothing_holds_up_neither_the_run_nor_others(
    api: Api, ollama_server: OllamaServer
) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([gate, Tokens(8000, per_write=100, content=PIECE)]))
    session_id = await api.new_session()
    async with api.stream(session_id) as events, reading(api, session_id):
        await events.next()
        gate.opened.set()
        got = await events.rest()
    assert [event.sequence for event in got] == list(range(2, 8004))
    assert (await api.runs(session_id))[0]["status"] == "completed"
    assert len((await api.last_message(session_id))["content"]) == 8000 * len(PIECE)


async def test_one_that_catches_up_misses_nothing_that_is_kept(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([gate, Tokens(4000, per_write=100, content=PIECE)]))
    session_id = await api.new_session()
    async with api.stream(session_id) as events, reading(api, session_id) as slow:
        gate.opened.set()
        await events.rest()
        await slow.take_all()
    ids = [int(line.partition(b":")[2].partition(b":")[2]) for line in slow.taken.split(b"\n") if line[:3] == b"id:"]
    assert ids == list(range(1, 4004))
    assert slow.taken.count(PIECE.encode()) == 4000


async def test_many_that_join_and_read_nothing_take_little(api: Api, ollama_server: OllamaServer) -> None:
    """Each could have a copy of all that is kept for replay: 24 MB here."""
    gate = Gate()
    ollama_server.answer_next(Reply([Tokens(6000, per_write=100, content=PIECE), gate]))
    session_id = await api.new_session()
    async with api.stream(session_id, on_disconnect="continue") as events:
        await gate.reached.wait()
        for _ in range(6001):
            await events.next()
    gc.collect()
    before = resident_bytes()
    async with AsyncExitStack() as stack:
        for _ in range(20):
            await stack.enter_async_context(reading(api, session_id))
        assert (await api.runs(session_id))[0]["status"] == "running"
        assert resident_bytes() - before < 60 * MEBIBYTE
    gate.opened.set()
    await api.joined(session_id)


@pytest.mark.parametrize("full_bytes", [open_stream.FULL_BYTES, 64 * MEBIBYTE], ids=["amid", "at the end"])
async def test_one_that_has_stopped_reading_is_let_go(
    api: Api, ollama_server: OllamaServer, monkeypatch: pytest.MonkeyPatch, full_bytes: int
) -> None:
    """`at the end`: everything is written already, and waits in the server to be taken."""
    monkeypatch.setattr(open_stream, "STALLED_SECONDS", 0.0)
    monkeypatch.setattr(open_stream, "FULL_BYTES", full_bytes)
    ollama_server.answer_next(Reply([Tokens(6000, per_write=100, content=PIECE)]))
    session_id = await api.new_session()
    await api.answer(session_id)
    async with reading(api, session_id) as slow:
        await slow.hung_up_on()
        with suppress(ConnectionResetError):
            await slow.take_all()
    assert b"event: run_start" in slow.taken
    assert b"event: done" not in slow.taken


@by_the_kernel
async def test_one_that_takes_nothing_of_another_answer_is_let_go(
    api: Api, ollama_server: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STALLED_SECONDS", 0.5)
    ollama_server.answer_next(Reply([Tokens(6000, per_write=100, content=PIECE)]))
    session_id = await api.new_session()
    await api.answer(session_id)
    async with reading(api, session_id, "/sessions/{}") as slow:
        await slow.hung_up_on()


@by_the_kernel
async def test_one_whose_machine_is_gone_has_left(
    api: Api, ollama_server: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STALLED_SECONDS", 0.5)
    monkeypatch.setattr(open_stream, "HEARTBEAT_SECONDS", 0.1)
    ollama_server.answer_next(Reply([Piece("text"), Silence()]))
    session_id = await api.new_session()
    async with api.stream(session_id) as events, AsyncExitStack() as stack:
        await events.until_text("text")
        reader = await stack.enter_async_context(reading(api, session_id))
        events.response.close()
        reader.vanish()
        await reader.hung_up_on()
        await ollama_server.wait_aborted()
        await api.joined(session_id)
    [run] = await api.runs(session_id)
    assert run["status"] == "cancelled"


async def test_one_that_reads_slowly_is_not(
    api: Api, ollama_server: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_stream, "STALLED_SECONDS", 3.0)
    monkeypatch.setattr(open_stream, "_SWEEP_SECONDS", 0.1)
    ollama_server.answer_next(Reply([Tokens(4000, per_write=100, content=PIECE)]))
    session_id = await api.new_session()
    await api.answer(session_id)
    async with reading(api, session_id) as slow:
        for _ in range(12):
            await asyncio.sleep(0.3)
            await slow.take(600_000)
        await slow.take_all()
    assert b"event: done" in slow.taken
