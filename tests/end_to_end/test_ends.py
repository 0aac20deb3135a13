"""Runs that are ended before they have come to their end: by a cancel, or because nobody reads them."""

import asyncio
import socket
from contextlib import suppress

import pytest
from yarl import URL

from tests.doubles.ollama_server.script import Gate, Piece, Reply, Silence, saying
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Json, names_of

ENDLESS = Reply([Piece("some"), Piece(" text"), Silence()])


async def ended_run(api: Api, session_id: str, run_id: str) -> Json:
    """The record of a run that ends by itself, once it has."""
    await api.joined(session_id, run_id=run_id)
    return await api.run(session_id, run_id)


async def test_a_cancel_ends_the_run_and_keeps_its_text(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(ENDLESS)
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        start = (await events.until_text("some text"))[0]
        assert await api.cancel(session_id) == {"run_id": start.run_id, "status": "cancelled"}
        await ollama_server.wait_aborted()
        [done] = await events.rest()
    assert done.data == {"session_id": session_id, "run_id": start.run_id, "status": "cancelled"}
    message = await api.last_message(session_id)
    assert (message["content"], message["done_reason"]) == ("some text", "cancelled")
    run = await api.run(session_id, start.run_id)
    assert (run["status"], run["error"]) == ("cancelled", None)
    assert (await api.answer(session_id, "more"))["message"]["content"] == "You said: more"


async def test_a_cancel_before_any_text_leaves_no_message(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(Reply([Silence()]))
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        await events.next()
        await ollama_server.wait_active()
        assert (await api.cancel(session_id))["status"] == "cancelled"
        assert names_of(await events.rest()) == ["done"]
    assert [message["role"] for message in await api.messages(session_id)] == ["user"]


async def test_a_cancel_gives_the_one_who_waits_what_there_is(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("some"), gate]))
    session_id = await api.new_session()
    waiting = asyncio.create_task(api.answer(session_id))
    await gate.reached.wait()
    async with api.join(session_id) as events:
        await events.until_text("some")
        await api.cancel(session_id)
    answer = await waiting
    assert answer["message"] == await api.last_message(session_id)
    assert (answer["message"]["content"], answer["message"]["done_reason"]) == ("some", "cancelled")


async def test_a_run_that_waits_is_cancelled_by_its_id(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("first"), gate]))
    session_id = await api.new_session()
    async with api.stream(session_id) as first, api.stream(session_id, "next", if_busy="enqueue") as second:
        waiting = await second.next()
        assert await api.cancel(session_id, waiting.run_id) == {"run_id": waiting.run_id, "status": "cancelled"}
        [done] = await second.rest()
        assert done.data["status"] == "cancelled"
        await api.error("POST", f"/chat/{session_id}/cancel", 404, "RUN_NOT_FOUND", params={"run_id": waiting.run_id})
        gate.opened.set()
        await first.rest()
    assert [message["content"] for message in await api.messages(session_id)] == ["hello", "first"]


async def test_a_run_that_was_cancelled_while_it_waited_is_remembered(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([gate]))
    session_id = await api.new_session()
    async with api.stream(session_id):
        headers = {"Idempotency-Key": "k"}
        async with api.stream(session_id, "next", if_busy="enqueue", headers=headers) as second:
            run_id = (await second.next()).run_id
            body = {"message": "next", "if_busy": "enqueue"}
            whole = asyncio.create_task(api.call("POST", f"/chat/{session_id}", json=body, headers=headers))
            await api.cancel(session_id, run_id)
            await second.rest()
            answer = await whole
        assert answer["run_id"] == run_id
        assert (answer["message"]["content"], answer["message"]["done_reason"]) == ("", "cancelled")
        assert answer["message"]["message_id"] is None
        run = await api.run(session_id, run_id)
        assert (run["status"], run["started_at"]) == ("cancelled", None)
        assert run["ended_at"] is not None


async def test_a_cancel_without_a_run(api: Api) -> None:
    session_id = await api.new_session()
    run_id = (await api.answer(session_id))["run_id"]
    for query in ({}, {"run_id": run_id}, {"run_id": "garbage"}, {"run_id": ""}):
        await api.error("POST", f"/chat/{session_id}/cancel", 404, "RUN_NOT_FOUND", params=query)
    await api.error("POST", "/chat/0123456789/cancel", 404, "SESSION_NOT_FOUND")


async def test_of_many_cancels_each_hears_the_truth(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("whole"), gate]))
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        await events.until_text("whole")
        await gate.reached.wait()
        gate.opened.set()
        path = f"/api/v1/chat/{session_id}/cancel"
        answers = await asyncio.gather(*(api.client.post(path) for _ in range(8)))
        told = [(await answer.json())["status"] for answer in answers if answer.status == 200]
        done = (await events.rest())[-1]
    assert set(told) <= {done.data["status"]}
    assert (await api.runs(session_id))[0]["status"] == done.data["status"]
    message = await api.last_message(session_id)
    assert message["done_reason"] == {"completed": "stop", "cancelled": "cancelled"}[done.data["status"]]


async def test_the_run_ends_within_a_second_of_its_only_readers_leaving(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(ENDLESS)
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        start = (await events.until_text("some text"))[0]
    async with asyncio.timeout(1):
        await ollama_server.wait_aborted()
    run = await ended_run(api, session_id, start.run_id)
    assert run["status"] == "cancelled"
    message = await api.last_message(session_id)
    assert (message["content"], message["done_reason"]) == ("some text", "cancelled")


async def test_with_two_readers_the_last_one_counts(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("a"), gate, Piece("b"), Silence()]))
    session_id = await api.new_session()
    async with api.stream(session_id) as first:
        start = (await first.until_text("a"))[0]
        async with api.join(session_id) as second:
            await second.until_text("a")
            first.response.close()
            gate.opened.set()
            await second.until_text("b")
            assert (await api.run(session_id, start.run_id))["status"] == "running"
    async with asyncio.timeout(1):
        await ollama_server.wait_aborted()
    assert (await ended_run(api, session_id, start.run_id))["status"] == "cancelled"


async def test_the_run_goes_on_without_readers_where_it_was_told_to(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("a"), gate, Piece("b")]))
    session_id = await api.new_session()
    async with api.stream(session_id, on_disconnect="continue") as events:
        start = (await events.until_text("a"))[0]
    gate.opened.set()
    assert (await ended_run(api, session_id, start.run_id))["status"] == "completed"
    assert (await api.last_message(session_id))["content"] == "ab"
    assert ollama_server.aborted == []


@pytest.mark.parametrize("on_disconnect", ["cancel", "continue"])
async def test_who_waits_for_the_whole_answer_is_a_reader_too(
    api: Api, ollama_server: OllamaServer, on_disconnect: str
) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("a"), gate, Piece("b")]))
    session_id = await api.new_session()
    waiting = asyncio.create_task(api.answer(session_id, on_disconnect=on_disconnect))
    await gate.reached.wait()
    [run] = await api.runs(session_id)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    if on_disconnect == "cancel":
        async with asyncio.timeout(1):
            await ollama_server.wait_aborted()
    gate.opened.set()
    expected = {"cancel": "cancelled", "continue": "completed"}[on_disconnect]
    assert (await ended_run(api, session_id, run["run_id"]))["status"] == expected


async def test_a_client_that_shuts_its_socket_before_the_answer_has_left(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([gate]))
    session_id = await api.new_session()
    url = URL(str(api.client._base_url))
    assert url.host is not None
    _, writer = await asyncio.open_connection(url.host, url.port, family=socket.AF_INET)
    body = b'{"message": "hi"}'
    writer.write(
        f"POST /api/v1/chat/{session_id}/stream HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await gate.reached.wait()
    [run] = await api.runs(session_id)
    writer.transport.abort()
    await ollama_server.wait_aborted()
    assert (await ended_run(api, session_id, run["run_id"]))["status"] == "cancelled"


async def test_deleting_a_session_ends_its_runs(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(ENDLESS)
    session_id = await api.new_session()
    async with api.stream(session_id) as first, api.stream(session_id, "next", if_busy="enqueue") as second:
        await first.until_text("some text")
        await api.call("DELETE", f"/sessions/{session_id}", 204)
        assert names_of(await first.rest()) == ["done"]
        assert names_of(await second.rest()) == ["run_start", "done"]
    await ollama_server.wait_aborted()
    await api.error("GET", f"/chat/{session_id}/runs", 404, "SESSION_NOT_FOUND")
    assert len(ollama_server.chats) == 1


async def test_the_end_of_a_reader_frees_the_session_for_the_next(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(ENDLESS, saying("next"))
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        await events.until_text("some text")
    answer = await api.answer(session_id, "and?", if_busy="enqueue")
    assert answer["message"]["content"] == "next"
    assert [message["content"] for message in await api.messages(session_id)] == ["hello", "some text", "and?", "next"]
