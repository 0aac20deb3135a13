"""More clients than the server may have files: some are turned away, and when they are gone, all is as before."""

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from tests.doubles.ollama_server.script import Gate, Piece, Reply
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import PATIENCE, Api, text_of
from tests.end_to_end.servers import ServerProcess, running

ROOM = 20
"""Files that the server may open beyond those that it has."""

CLIENTS = 100


def open_files(server: ServerProcess) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


@contextmanager
def few_files(server: ServerProcess) -> Iterator[int]:
    """Gives how many it may have."""
    pid = server.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    limit = open_files(server) + ROOM
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))
    try:
        yield limit
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def flood(server: ServerProcess, request: bytes) -> Iterator[list[socket.socket]]:
    """More connections than there is room for, each with this request; gone without a word on leaving."""
    port = int(server.url.rpartition(":")[2])
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.socket()) for _ in range(CLIENTS)]
        for client in clients:
            client.settimeout(PATIENCE)
            client.connect(("127.0.0.1", port))
            client.setblocking(False)
            with suppress(ConnectionError):  # It may have been turned away already.
                client.send(request)
        yield clients


async def no_room(server: ServerProcess, clients: list[socket.socket], limit: int) -> None:
    """Until the server has no file left, or had none for one of these."""
    async with asyncio.timeout(PATIENCE):
        while open_files(server) < limit and not any(map(was_turned_away, clients)):  # noqa: ASYNC110 - nobody calls
            await asyncio.sleep(0.02)


def was_turned_away(client: socket.socket) -> bool:
    try:
        return client.recv(65_536) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


async def healthy_again(api: Api) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await api.call("GET", "/health")
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.02)
            else:
                return


def post(path: str, body: bytes) -> bytes:
    head = f"POST /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("request_line", ["none", "a run", "a session"])
async def test_the_server_outlives_it_and_so_does_a_stream(
    tmp_path: Path, ollama_server: OllamaServer, request_line: str
) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("be"), gate, Piece("fore")]))
    async with running(tmp_path, ollama_server.url) as (server, api), AsyncExitStack() as stack:
        session_id, other = await api.new_session(), await api.new_session()
        events = await stack.enter_async_context(api.stream(session_id))
        begun = await events.until_text("be")
        request = {
            "none": b"",
            "a run": post(f"/chat/{other}/stream", b'{"message": "x", "if_busy": "enqueue"}'),
            "a session": post("/sessions", b'{"model": "tiny"}'),
        }[request_line]
        with few_files(server) as limit, flood(server, request) as clients:
            await no_room(server, clients, limit)
        await healthy_again(api)
        gate.opened.set()
        assert text_of([*begun, *await events.rest()]) == "before"
        answer = await api.answer(session_id, "after", if_busy="enqueue")
        assert answer["message"]["content"] == "You said: after"
        await api.answer(other, "after", if_busy="enqueue")
        server.process.terminate()
        await server.process.wait()
        # A request that came in has lines of its own, however many of them came in; the lack of files has few.
        log = (await server.log()).decode()
        assert sum("[request " not in line for line in log.splitlines()) < CLIENTS, log
        assert len(log.splitlines()) < 5 * CLIENTS, log
