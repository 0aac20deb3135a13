"""The stream of a run, byte by byte."""

import asyncio
import re

import pytest

from entrypoints.http import open_stream
from tests.doubles.ollama_server.script import Gate, Piece, Reply, saying
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Json, names_of, text_of


async def test_the_bytes_of_a_stream(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(saying("Hé", "\n\nllo"))
    session_id = await api.new_session()
    async with api.client.post(f"/api/v1/chat/{session_id}/stream", json={"message": "hi"}) as response:
        raw = await response.read()

    [run] = await api.runs(session_id)
    message = await api.last_message(session_id)
    run_id, message_id = run["run_id"], message["message_id"]
    assert raw.decode() == (
        "retry: 2000\n\n"
        f"id: {run_id}:1\nevent: run_start\n"
        f'data: {{"run_id":"{run_id}","session_id":"{session_id}","warnings":[]}}\n\n'
        f'id: {run_id}:2\nevent: content_delta\ndata: {{"content":"Hé","role":"assistant"}}\n\n'
        f'id: {run_id}:3\nevent: content_delta\ndata: {{"content":"\\n\\nllo","role":"assistant"}}\n\n'
        f"id: {run_id}:4\nevent: message_complete\n"
        f'data: {{"message_id":"{message_id}","model":"tiny","eval_count":2,"prompt_eval_count":4,'
        '"done_reason":"stop","context_window":{"current_window":7372,"usage_tokens":6,'
        '"reason":"initial_setup","messages_left_out":0}}\n\n'
        f"id: {run_id}:5\nevent: done\n"
        f'data: {{"session_id":"{session_id}","run_id":"{run_id}","status":"completed"}}\n\n'
    )
    assert re.fullmatch("[0-9a-f]{16}", run_id)


async def test_the_headers_forbid_buffers_and_caches(api: Api) -> None:
    session_id = await api.new_session()
    async with api.stream(session_id, headers={"Accept-Encoding": "gzip, deflate, br, zstd"}) as events:
        headers = events.response.headers
        assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert headers["Cache-Control"] == "no-cache, no-transform"
        assert headers["X-Accel-Buffering"] == "no"
        assert "Content-Encoding" not in headers
        assert "Content-Length" not in headers
        await events.rest()


async def test_each_piece_is_an_event_of_its_own_as_it_comes(api: Api, ollama_server: OllamaServer) -> None:
    gates = [Gate() for _ in range(3)]
    steps = [step for number, gate in enumerate(gates) for step in (Piece(f"{number}"), gate)]
    ollama_server.answer_next(Reply(steps))
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        assert names_of(await events.until("content_delta")) == ["run_start", "content_delta"]
        for number, gate in enumerate(gates):
            await gate.reached.wait()
            gate.opened.set()
            if number < 2:
                assert (await events.next()).data["content"] == f"{number + 1}"
        assert names_of(await events.rest()) == ["message_complete", "done"]


async def test_pieces_that_come_together_are_not_merged(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(saying(*(f"{number}," for number in range(500))))
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        got = await events.rest()
    assert [event.data["content"] for event in got if event.name == "content_delta"] == [f"{n}," for n in range(500)]
    assert [event.sequence for event in got] == list(range(1, 504))


async def test_an_empty_piece_is_no_event(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(Reply([Piece("a"), Piece(""), Piece("b")]))
    async with api.stream(await api.new_session()) as events:
        assert names_of(await events.rest()) == [
            "run_start",
            "content_delta",
            "content_delta",
            "message_complete",
            "done",
        ]


async def test_the_first_event_comes_before_the_model_says_anything(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([gate]))
    async with api.stream(await api.new_session()) as events:
        await gate.reached.wait()
        assert (await events.next()).name == "run_start"
        gate.opened.set()
        await events.rest()


async def test_the_first_event_of_a_run_that_waits_comes_at_once(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("first"), gate]), saying("second"))
    session_id = await api.new_session()
    async with api.stream(session_id) as first, api.stream(session_id, "next", if_busy="enqueue") as second:
        start = await second.next()
        assert start.name == "run_start"
        assert (await api.run(session_id, start.run_id))["status"] == "queued"
        assert (await api.runs(session_id))[0]["run_id"] == start.run_id
        await first.until("content_delta")
        assert [message["content"] for message in await api.messages(session_id)] == ["hello"]
        gate.opened.set()
        await first.rest()
        assert text_of(await second.rest()) == "second"
    assert [message["content"] for message in await api.messages(session_id)] == ["hello", "first", "next", "second"]


async def test_a_quiet_stream_gets_a_comment(
    api: Api, ollama_server: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_stream, "HEARTBEAT_SECONDS", 0.0)
    gate = Gate()
    ollama_server.answer_next(Reply([gate]))
    async with api.stream(await api.new_session()) as events:
        assert (await events.next()).name == "run_start"
        assert re.fullmatch(rb": [^\n]+", await events.comment())
        gate.opened.set()
        assert names_of(await events.rest()) == ["message_complete", "done"]


async def test_many_streams_at_once_are_told_apart(api: Api, ollama_server: OllamaServer) -> None:
    async def ask(number: int) -> None:
        session_id = await api.new_session()
        async with api.stream(session_id, f"word {number}") as events:
            got = await events.rest()
        assert text_of(got) == f"You said: word {number}"
        assert {event.run_id for event in got} == {got[0].run_id}
        assert got[0].data["session_id"] == session_id

    await asyncio.gather(*(ask(number) for number in range(40)))
    assert ollama_server.active == 0


async def test_the_answer_in_one_says_the_same(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(saying("Hel", "lo"))
    session_id = await api.new_session()
    answer = await api.answer(session_id, "hi")

    message = await api.last_message(session_id)
    [run] = await api.runs(session_id)
    assert answer == {
        "session_id": session_id,
        "run_id": run["run_id"],
        "message": message,
        "warnings": [],
        "tool_calls_executed": [],
        "context_window": {
            "current_window": 7372,
            "usage_tokens": 6,
            "reason": "initial_setup",
            "messages_left_out": 0,
        },
    }
    assert (message["content"], message["done_reason"], message["eval_count"]) == ("Hello", "stop", 2)
    assert set(message) == {
        "role",
        "content",
        "thinking",
        "model",
        "message_id",
        "timestamp",
        "eval_count",
        "prompt_eval_count",
        "tool_calls",
        "done_reason",
    }
    assert run["status"] == "completed"
    assert run["error"] is None
    assert (run["eval_count"], run["prompt_eval_count"]) == (2, 4)
    assert run["created_at"] <= run["started_at"] <= run["ended_at"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "EMPTY_HISTORY"),
        ({"regenerate": True}, 400, "EMPTY_HISTORY"),
        ({"message": 5}, 422, "VALIDATION_ERROR"),
        ({"message": "x", "options": {"num_ctx": 9}}, 422, "VALIDATION_ERROR"),
        ({"message": "x", "images": ["/etc/passwd"]}, 422, "VALIDATION_ERROR"),
        ({"message": "x", "images": ["aGk="]}, 422, "VALIDATION_ERROR"),
        ({"message": "\ud800"}, 422, "VALIDATION_ERROR"),
    ],
)
async def test_what_is_wrong_before_a_run_is_a_plain_error(api: Api, body: Json, status: int, code: str) -> None:
    kept = await api.new_session(system_prompt="Be brief.")
    for path in (f"/chat/{kept}", f"/chat/{kept}/stream"):
        await api.error("POST", path, status, code, json=body)
    assert await api.runs(kept) == []
    assert [message["role"] for message in await api.messages(kept)] == ["system"]


async def test_a_session_that_is_not_there(api: Api) -> None:
    for session_id in ("0123456789", "nonsense", "%00", "\u2028"):
        for path in (f"/chat/{session_id}", f"/chat/{session_id}/stream"):
            await api.error("POST", path, 404, "SESSION_NOT_FOUND", json={"message": "x"})


async def test_a_body_may_be_absent(api: Api) -> None:
    session_id = await api.new_session()
    await api.answer(session_id, "hi")
    async with api.client.post(f"/api/v1/chat/{session_id}/stream") as response:
        assert response.status == 200
        assert b"event: done" in await response.read()
