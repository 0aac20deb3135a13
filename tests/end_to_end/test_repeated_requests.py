"""The same request again, under its `Idempotency-Key`."""

import asyncio
from pathlib import Path

import pytest

from tests.doubles.ollama_server.script import Gate, Piece, Reply, error, saying
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Event, Json, text_of
from tests.end_to_end.servers import served

KEY = {"Idempotency-Key": "key-1"}


async def streamed(api: Api, session_id: str, message: str = "hello", **fields: Json) -> list[Event]:
    async with api.stream(session_id, message, headers=KEY, **fields) as events:
        return await events.rest()


async def test_while_the_run_is_at_work_it_is_joined(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("a"), gate, Piece("b")]))
    session_id = await api.new_session()
    async with api.stream(session_id, headers=KEY) as first:
        await first.until_text("a")
        body = {"message": "hello"}
        whole = asyncio.create_task(api.call("POST", f"/chat/{session_id}", json=body, headers=KEY))
        async with api.stream(session_id, headers=KEY) as second:
            assert text_of(await second.until_text("a")) == "a"
            gate.opened.set()
            assert text_of(await second.rest()) == "b"
        await first.rest()
        assert (await whole)["message"]["content"] == "ab"
    assert len(ollama_server.chats) == 1
    assert len(await api.runs(session_id)) == 1


async def test_after_its_end_it_is_read_again(api: Api, ollama_server: OllamaServer) -> None:
    session_id = await api.new_session()
    first = await streamed(api, session_id)
    assert await streamed(api, session_id) == first
    answer = await api.call("POST", f"/chat/{session_id}", json={"message": "hello"}, headers=KEY)
    assert answer["run_id"] == first[0].run_id
    assert answer["message"] == await api.last_message(session_id)
    assert len(ollama_server.chats) == 1
    assert [message["role"] for message in await api.messages(session_id)] == ["user", "assistant"]


async def test_an_answer_that_an_edit_has_dropped_has_no_text_and_is_no_cut_one(api: Api) -> None:
    session_id = await api.new_session()
    body = {"message": "hello"}
    await api.call("POST", f"/chat/{session_id}", json=body, headers=KEY)
    await api.call("PUT", f"/sessions/{session_id}/messages/0", json={"content": "Hello!"})
    answer = await api.call("POST", f"/chat/{session_id}", json=body, headers=KEY)
    message = answer["message"]
    assert (message["content"], message["message_id"], message["done_reason"]) == ("", None, "stop")


async def test_after_a_restart_it_is_read_again(tmp_path: Path, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(saying("once"))
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await api.new_session()
        first = await streamed(api, session_id)
    async with served(tmp_path, ollama_server.url) as api:
        snapshot, done = await streamed(api, session_id)
        assert (snapshot.name, snapshot.data["content"]) == ("snapshot", "once")
        assert done == first[-1]
        body = {"message": "hello"}
        answer = await api.call("POST", f"/chat/{session_id}", json=body, headers=KEY)
        assert (answer["run_id"], answer["message"]["content"]) == (done.run_id, "once")
        await api.error(
            "POST", f"/chat/{session_id}", 409, "IDEMPOTENCY_CONFLICT", json={"message": "other"}, headers=KEY
        )
    assert len(ollama_server.chats) == 1


async def test_a_run_that_failed_is_read_again_too(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(error(500, "no memory"))
    session_id = await api.new_session()
    body = {"message": "hello"}
    for _ in range(2):
        details = await api.error("POST", f"/chat/{session_id}", 502, "OLLAMA_ERROR", json=body, headers=KEY)
        assert details["run_id"] == (await api.runs(session_id))[0]["run_id"]
    assert len(ollama_server.chats) == 1


async def test_another_body_is_a_conflict(api: Api) -> None:
    session_id = await api.new_session()
    await streamed(api, session_id, options={"seed": 1, "stop": ["a"]})
    for body in (
        {"message": "Hello"},
        {"message": "hello"},
        {"message": "hello", "options": {"seed": 2, "stop": ["a"]}},
        {"message": "hello", "options": {"seed": 1, "stop": ["a"]}, "think": True},
    ):
        for path in (f"/chat/{session_id}", f"/chat/{session_id}/stream"):
            await api.error("POST", path, 409, "IDEMPOTENCY_CONFLICT", json=body, headers=KEY)
    same = b'{ "options" : {"stop":["a"] , "seed":1}, "think": false, "message":"hell\\u006f" }'
    headers = {**KEY, "Content-Type": "application/json"}
    await api.call("POST", f"/chat/{session_id}", data=same, headers=headers)
    assert len(await api.runs(session_id)) == 1


async def test_a_key_is_its_sessions_own(api: Api, ollama_server: OllamaServer) -> None:
    for session_id in (await api.new_session(), await api.new_session()):
        await streamed(api, session_id)
    assert len(ollama_server.chats) == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256])
async def test_keys_that_are_none(api: Api, key: str) -> None:
    session_id = await api.new_session()
    for path in (f"/chat/{session_id}", f"/chat/{session_id}/stream"):
        details = await api.error(
            "POST", path, 422, "VALIDATION_ERROR", json={"message": "x"}, headers={"Idempotency-Key": key}
        )
        assert details["field"] == "Idempotency-Key"
    assert await api.runs(session_id) == []


@pytest.mark.parametrize("key", ["x" * 255, "!~", '"quoted;"', "../..", "0"])
async def test_keys_that_are_some(api: Api, key: str) -> None:
    session_id = await api.new_session()
    headers = {"Idempotency-Key": key}
    run_ids = [
        (await api.call("POST", f"/chat/{session_id}", json={"message": "x"}, headers=headers))["run_id"]
        for _ in range(2)
    ]
    assert run_ids[0] == run_ids[1]


async def test_many_at_once_are_one_run(api: Api, ollama_server: OllamaServer) -> None:
    session_id = await api.new_session()
    both = await asyncio.gather(*(streamed(api, session_id) for _ in range(20)))
    assert len({events[0].run_id for events in both}) == 1
    assert all(events == both[0] for events in both)
    assert len(ollama_server.chats) == 1


async def test_what_was_refused_is_tried_again(api: Api) -> None:
    session_id = await api.new_session()
    path = f"/chat/{session_id}"
    await api.error("POST", path, 400, "EMPTY_HISTORY", json={}, headers=KEY)
    await api.call("POST", path, json={"message": "x"}, headers=KEY)
    await api.error("POST", path, 409, "IDEMPOTENCY_CONFLICT", json={}, headers=KEY)
