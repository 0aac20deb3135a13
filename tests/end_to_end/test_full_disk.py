"""A disk that takes no more, while a server works, and then does again.

A limit on the size of files stands for it, set and lifted from outside: short files can still be written.
"""

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.doubles.ollama_server.script import Gate, Piece, Reply, saying
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import PATIENCE, Api, Json, names_of
from tests.end_to_end.servers import running

LIMIT = 24 * 1024
LONG = "long " * 8 * 1024
KEY = {"Idempotency-Key": "key"}


class Disk:
    def __init__(self, pid: int, folder: Path) -> None:
        self._pid = pid
        self._folder = folder / "chat_sessions"

    @contextmanager
    def full(self, limit: int = LIMIT) -> Iterator[None]:
        unlimited = resource.RLIM_INFINITY
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (limit, unlimited))
        try:
            yield
        finally:
            resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))

    def state(self) -> dict[str, bytes]:
        """The session files, and whatever else a write may have left; not the runs' journals and the locks."""
        files = [path for path in self._folder.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files if path.parent.name not in {".locks", ".runs"}}


@pytest.fixture
async def server(tmp_path: Path, ollama_server: OllamaServer) -> AsyncIterator[tuple[Api, Disk]]:
    async with running(tmp_path, ollama_server.url) as (server, api):
        yield api, Disk(server.process.pid, tmp_path)


async def test_what_cannot_be_stored_is_refused_and_nothing_is_half_written(
    server: tuple[Api, Disk], ollama_server: OllamaServer
) -> None:
    api, disk = server
    session_id = await api.new_session("tiny-vision")
    await api.answer(session_id, "short")
    before = disk.state()
    body = {"message": LONG}
    with disk.full():
        for path in (f"/chat/{session_id}", f"/chat/{session_id}/stream"):
            await api.error("POST", path, 503, "STORAGE_ERROR", json=body, headers=KEY)
        await api.error("PUT", f"/sessions/{session_id}/messages/0", 503, "STORAGE_ERROR", json={"content": LONG})
        assert disk.state() == before
        assert len(ollama_server.chats) == 1
        assert (await api.answer(session_id, "short too"))["message"]["done_reason"] == "stop"
        assert (await api.call("GET", "/health"))["status"] == "ok"
    answer = await api.call("POST", f"/chat/{session_id}", json=body, headers=KEY)
    assert answer["message"]["content"].split() == ["You", "said:", *LONG.split()]


async def test_an_answer_that_cannot_be_stored_is_kept_until_it_can(
    server: tuple[Api, Disk], ollama_server: OllamaServer
) -> None:
    api, disk = server
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("begun "), gate, Piece(LONG)]), saying("and on"))
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        start = (await events.until_text("begun "))[0]
        before = disk.state()
        with disk.full():
            gate.opened.set()
            got = await events.rest()
            assert names_of(got) == ["content_delta", "error", "done"]
            assert got[1].data["code"] == "STORAGE_ERROR"
            assert got[1].data["retryable"] is True
            assert got[2].data["status"] == "failed"
            assert disk.state() == before
            await api.error("POST", f"/chat/{session_id}", 503, "STORAGE_ERROR", json={"message": "on"})
            run = await api.run(session_id, start.run_id)
            assert (run["status"], run["error"]["code"]) == ("failed", "STORAGE_ERROR")
    assert (await api.answer(session_id, "on"))["message"]["content"] == "and on"
    messages: list[Json] = await api.messages(session_id)
    assert [message["content"] for message in messages] == ["hello", "begun " + LONG, "on", "and on"]
    assert messages[1]["done_reason"] == "error"
    assert (await api.run(session_id, start.run_id))["status"] == "failed"


async def test_a_cancelled_answer_that_cannot_be_stored_is_kept_too(
    server: tuple[Api, Disk], ollama_server: OllamaServer
) -> None:
    api, disk = server
    ollama_server.answer_next(Reply([Piece("begun "), Piece(LONG), Gate()]))
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        start = (await events.until_text("begun " + LONG))[0]
        with disk.full(1024):
            status = (await api.cancel(session_id))["status"]
            assert (await events.rest())[-1].data["status"] == status
            assert (await api.run(session_id, start.run_id))["status"] == status
    async with asyncio.timeout(PATIENCE):
        while len(messages := await api.messages(session_id)) < 2:
            continue
    assert messages[1]["content"] == "begun " + LONG
    assert (await api.run(session_id, start.run_id))["status"] == status


async def test_a_session_that_cannot_be_kept_is_none(server: tuple[Api, Disk]) -> None:
    api, disk = server
    with disk.full(64):
        await api.error("POST", "/sessions", 503, "STORAGE_ERROR", json={"model": "tiny"})
        assert (await api.call("GET", "/sessions"))["sessions"] == []
        assert disk.state() == {}
    session_id = await api.new_session()
    with disk.full(64):
        await api.error("POST", f"/chat/{session_id}", 503, "STORAGE_ERROR", json={"message": "x"})
        assert await api.messages(session_id) == []
    await api.answer(session_id, "x")
