"""Servers that are stopped, or killed, with answers on their way, and what the next start finds."""

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from tests.doubles.ollama_server.script import Gate, Piece, Reply, Silence, Tokens, saying
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, names_of
from tests.end_to_end.servers import running, served
from tests.end_to_end.stores import Kept
from tests.end_to_end.test_slow_readers import reading

STOPPED_WITHIN = 8.0
"""Seconds, by the contract: a container is killed after ten."""

WITH_ROOM_FOR_THE_REST = 5.0
"""What a single obstacle may take of that."""

STREAMS = 100
KEY = {"Idempotency-Key": "key"}


async def test_a_stop_ends_a_hundred_streams_in_time_and_keeps_their_text(
    tmp_path: Path, kept: Kept, ollama_server: OllamaServer
) -> None:
    ollama_server.answer_always(Reply([Piece("some"), Piece(" text"), Silence()]))
    async with running(tmp_path, ollama_server.url, **kept.settings) as (server, api), AsyncExitStack() as stack:
        session_ids = await asyncio.gather(*(api.new_session() for _ in range(STREAMS)))
        streams = [await stack.enter_async_context(api.stream(session_id)) for session_id in session_ids]
        await asyncio.gather(*(events.until_text("some text") for events in streams))
        waiting = await stack.enter_async_context(api.stream(session_ids[0], "next", if_busy="enqueue"))
        whole = asyncio.create_task(api.answer(session_ids[1], "next", if_busy="enqueue"))
        await waiting.next()

        begun = time.monotonic()
        ends = asyncio.gather(*(events.rest() for events in [*streams, waiting]))
        assert await server.end(signal.SIGTERM) == 0
        assert time.monotonic() - begun < STOPPED_WITHIN
        for [done] in await ends:
            assert (done.name, done.data["status"]) == ("done", "interrupted")
        whole.cancel()
        await asyncio.wait([whole])
    await ollama_server.wait_aborted(STREAMS)

    async with served(tmp_path, ollama_server.url, **kept.settings) as api:
        for session_id in session_ids:
            message = await api.last_message(session_id)
            assert (message["content"], message["done_reason"]) == ("some text", "interrupted")
            assert {run["status"] for run in await api.runs(session_id)} == {"interrupted"}
        ollama_server.answer_always(None)
        assert (await api.answer(session_ids[0], "on"))["message"]["content"] == "You said: on"


async def test_a_stop_waits_for_no_reader_that_takes_nothing(tmp_path: Path, ollama_server: OllamaServer) -> None:
    ollama_server.answer_always(Reply([Tokens(5000, per_write=100, content="x" * 2000), Silence()]))
    async with running(tmp_path, ollama_server.url) as (server, api), AsyncExitStack() as stack:
        session_id = await api.new_session()
        events = await stack.enter_async_context(api.stream(session_id))
        for _ in range(5001):
            await events.next()
        for _ in range(3):
            await stack.enter_async_context(reading(api, session_id))
        begun = time.monotonic()
        assert await server.end(signal.SIGTERM) == 0
        assert time.monotonic() - begun < WITH_ROOM_FOR_THE_REST
        assert names_of(await events.rest()) == ["done"]


async def test_a_stop_waits_for_no_answer_of_ollamas(tmp_path: Path, ollama_server: OllamaServer) -> None:
    ollama_server.hang("/api/show")
    async with running(tmp_path, ollama_server.url) as (server, api):
        asked = asyncio.create_task(api.client.get("/api/v1/models/tiny"))
        while not any(request.path == "/api/show" for request in ollama_server.requests):
            await api.call("GET", "/sessions")
        begun = time.monotonic()
        assert await server.end(signal.SIGINT) == 0
        assert time.monotonic() - begun < STOPPED_WITHIN
        asked.cancel()
        await asyncio.wait([asked])


async def test_a_killed_servers_runs_are_closed_at_the_next_start(
    tmp_path: Path, kept: Kept, ollama_server: OllamaServer
) -> None:
    gate = Gate()
    ollama_server.answer_next(
        saying("whole"), Reply([Piece("early", "thought"), gate, Piece(" and late"), Silence()]), Reply([Silence()])
    )
    async with running(tmp_path, ollama_server.url, **kept.settings) as (server, api), AsyncExitStack() as stack:
        session_id, silent = await api.new_session("tiny-think"), await api.new_session()
        await api.answer(session_id, "first")
        events = await stack.enter_async_context(api.stream(session_id, "second", headers=KEY))
        start = (await events.until_text("early"))[0]
        await kept.flushed("early")
        gate.opened.set()
        last = (await events.until_text(" and late"))[-1]
        other = await stack.enter_async_context(api.stream(silent))
        await other.next()
        await ollama_server.wait_active(2)
        assert await server.end(signal.SIGKILL) == -signal.SIGKILL
        with pytest.raises((EOFError, aiohttp.ClientPayloadError)):
            await events.rest()

    async with running(tmp_path, ollama_server.url, **kept.settings) as (_, api):
        messages = await api.messages(session_id)
        assert [message["content"] for message in messages[:3]] == ["first", "whole", "second"]
        assert messages[3]["content"] in ("early", "early and late")
        assert (messages[3]["thinking"], messages[3]["done_reason"]) == ("thought", "interrupted")
        assert [message["role"] for message in await api.messages(silent)] == ["user"]
        assert [run["status"] for run in await api.runs(session_id)] == ["interrupted", "completed"]
        assert [run["status"] for run in await api.runs(silent)] == ["interrupted"]
        snapshot, done = await api.joined(session_id, last.event_id)
        assert (snapshot.data["content"], done.data["status"]) == (messages[3]["content"], "interrupted")
        path, headers = f"/chat/{session_id}/stream", {"Last-Event-ID": done.event_id}
        assert await api.call("GET", path, 204, headers=headers) is None
        again = await api.call("POST", f"/chat/{session_id}", json={"message": "second"}, headers=KEY)
        assert (again["run_id"], again["message"]["done_reason"]) == (start.run_id, "interrupted")
        status = await api.call("GET", f"/sessions/{session_id}/status")
        assert status["run"] is None
        assert (await api.answer(session_id, "third"))["message"]["content"] == "You said: third"
        await api.answer(silent, None)


async def test_an_answer_that_was_told_as_complete_outlives_a_kill(
    tmp_path: Path, kept: Kept, ollama_server: OllamaServer
) -> None:
    async with running(tmp_path, ollama_server.url, **kept.settings) as (server, api):
        session_id = await api.new_session()
        async with api.stream(session_id, "hi") as events:
            await events.until("message_complete")
            await server.end(signal.SIGKILL)
    async with served(tmp_path, ollama_server.url, **kept.settings) as api:
        message = await api.last_message(session_id)
        assert (message["content"], message["done_reason"]) == ("You said: hi", "stop")


async def test_a_continuation_that_a_kill_cut_keeps_both_parts(
    tmp_path: Path, kept: Kept, ollama_server: OllamaServer
) -> None:
    ollama_server.answer_next(saying("one"), Reply([Piece(" two"), Silence()]))
    async with running(tmp_path, ollama_server.url, **kept.settings) as (server, api):
        session_id = await api.new_session()
        await api.answer(session_id)
        async with api.stream(session_id, None) as events:
            await events.until_text(" two")
            await kept.flushed("two")
            await server.end(signal.SIGKILL)
    async with served(tmp_path, ollama_server.url, **kept.settings) as api:
        assert [message["content"] for message in await api.messages(session_id)] == ["hello", "one two"]
        assert (await api.last_message(session_id))["done_reason"] == "interrupted"


async def busy(api: Api, session_id: str) -> str:
    details = await api.error("POST", f"/chat/{session_id}", 409, "SESSION_BUSY", json={"message": "x"})
    run_id: str = details["run_id"]
    return run_id


async def test_two_servers_over_one_store_do_not_work_on_one_session_at_once(
    tmp_path: Path, kept: Kept, ollama_server: OllamaServer
) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("a"), gate, Piece("b")]))
    async with running(tmp_path, ollama_server.url, **kept.settings) as (_, first):
        session_id = await first.new_session()
        async with first.stream(session_id) as events:
            start = (await events.until_text("a"))[0]
            await kept.flushed('"a"')
            async with running(tmp_path, ollama_server.url, **kept.settings) as (_, second):
                # Its start has left the living run alone.
                assert (await first.run(session_id, start.run_id))["status"] == "running"
                assert await busy(second, session_id) == start.run_id
                assert [run["status"] for run in await second.runs(session_id)] == ["running"]
                gate.opened.set()
                await events.rest()
                assert (await second.answer(session_id, "next"))["message"]["content"] == "You said: next"
                assert [message["content"] for message in await first.messages(session_id)] == [
                    "hello",
                    "ab",
                    "next",
                    "You said: next",
                ]
