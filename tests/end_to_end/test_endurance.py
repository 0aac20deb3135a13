"""Many streams, idle streams and many turns, on a small scale: `make soak` has the large one."""

import asyncio
import gc
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from application.runs.run_handle import RunHandle
from entrypoints.http import open_stream
from entrypoints.http.connection import Connection
from entrypoints.http.open_stream import HEARTBEAT, OpenStream
from tests.doubles.ollama_server.script import Gate, Piece, Reply, Tokens
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import PATIENCE, Api, names_of

STREAMS = 100
IDLE_STREAMS = 50
WARMING_TURNS = 10
TURNS = 60
FEW = 10
"""What may be at work at any moment; of what stays of each turn there would be many more."""

HELD = (RunHandle, OpenStream, Connection, asyncio.Task)


async def test_of_many_streams_none_misses_an_event(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_always(Reply([Piece("first"), gate, Tokens(50)]))
    session_ids = await asyncio.gather(*(api.new_session() for _ in range(STREAMS)))
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(api.stream(session_id)) for session_id in session_ids]
        begun = [await events.until_text("first") for events in streams]
        gate.opened.set()
        ends = await asyncio.gather(*(events.rest() for events in streams))
    for first, rest in zip(begun, ends, strict=True):
        got = [*first, *rest]
        assert [event.sequence for event in got] == list(range(1, 55))
        assert names_of(got) == ["run_start", *["content_delta"] * 51, "message_complete", "done"]


async def test_idle_streams_are_kept_alive(
    api: Api, ollama_server: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    ollama_server.answer_always(Reply([Piece("first"), gate]))
    session_ids = await asyncio.gather(*(api.new_session() for _ in range(IDLE_STREAMS)))
    monkeypatch.setattr(open_stream, "HEARTBEAT_SECONDS", 0.1)
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(api.stream(session_id)) for session_id in session_ids]
        for events in streams:
            await events.until_text("first")
        for _ in range(2):
            comments = [await events.comment() for events in streams]
            assert comments == [HEARTBEAT.strip()] * IDLE_STREAMS
        gate.opened.set()
        for events in streams:
            assert names_of(await events.rest()) == ["message_complete", "done"]


async def test_nothing_stays_of_a_turn(api: Api, ollama_server: OllamaServer) -> None:
    """But what is stored, and what the log keeps for those who come back."""
    session_id = await api.new_session()
    await turns(api, session_id, WARMING_TURNS)
    await at_rest(api, ollama_server)
    before, files = held(), open_files()
    await turns(api, session_id, TURNS)
    await at_rest(api, ollama_server)
    more = held() - before
    assert max(more.values(), default=0) < FEW, more
    assert open_files() - files < FEW


async def turns(api: Api, session_id: str, count: int) -> None:
    for _ in range(count // 2):
        await api.answer(session_id, "hello")
        async with api.stream(session_id) as events:
            await events.rest()


async def at_rest(api: Api, ollama_server: OllamaServer) -> None:
    await ollama_server.wait_idle()
    tasks = -1
    async with asyncio.timeout(PATIENCE):
        while tasks != (tasks := len(asyncio.all_tasks())):
            await api.call("GET", "/health")
            await asyncio.sleep(0.1)


def held() -> Counter[str]:
    gc.collect()
    return Counter(type(value).__name__ for value in gc.get_objects() if isinstance(value, HELD))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
