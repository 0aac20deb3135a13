"""Summaries over the wire: what Ollama is asked, what it is spared, and who comes first."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.summary import SCHEMA
from tests.doubles.ollama_server.script import Gate, Piece, Reply, Silence, error, saying
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import PATIENCE, Api, Json
from tests.end_to_end.servers import running, served
from tests.end_to_end.test_stops import STOPPED_WITHIN

SUMMARY: Json = {"summary": "They greeted. All went well.", "topics": ["greeting", "mochi"]}
SUMMED_UP = saying(*json.dumps(SUMMARY))
WITHOUT_A_WAIT = 5.0
"""Seconds for a turn that takes a twentieth of one on an idle machine, and minutes where it waits for a summary."""

NOTHING: Json = {"summary": None, "topics": None, "model_used": None}


@pytest.fixture
async def api(tmp_path: Path, ollama_server: OllamaServer) -> AsyncIterator[Api]:
    async with served(tmp_path, ollama_server.url, summarization_enabled=True) as api:
        yield api


def sent(server: OllamaServer) -> list[Json]:
    """The bodies of the chats that Ollama was asked for."""
    return list(server.chats)


async def summarized(api: Api, session_id: str) -> Json:
    """The summary, once it is there."""
    async with asyncio.timeout(PATIENCE):
        while (summary := await api.call("GET", f"/sessions/{session_id}/summary")) == NOTHING:  # noqa: ASYNC110 - nothing tells a client
            await asyncio.sleep(0.02)
    return summary


async def test_a_conversation_is_summarised_where_it_was_held(
    api: Api, ollama_server: OllamaServer, tmp_path: Path
) -> None:
    session_id = await api.new_session("tiny-think", system_prompt="Be brief.")
    ollama_server.answer_next(saying("Hi!"), SUMMED_UP)
    await api.answer(session_id, "Hello")
    before = await api.call("GET", f"/sessions/{session_id}")
    assert before["summary"] is None

    assert await summarized(api, session_id) == {**SUMMARY, "model_used": "tiny-think"}

    run, summary = sent(ollama_server)
    assert summary["format"] == SCHEMA
    assert summary["think"] is False
    assert summary["options"]["num_ctx"] == run["options"]["num_ctx"] == 7372
    assert summary["messages"][:2] == run["messages"]
    assert summary["messages"][2] == {"role": "assistant", "content": "Hi!"}
    assert "tools" not in summary
    assert ollama_server.loaded.reloads == {"tiny-think:latest": 1}
    after = await api.call("GET", f"/sessions/{session_id}")
    assert after["summary"] == SUMMARY
    assert after["updated_at"] == before["updated_at"]
    assert after["context_window"]["reloads"] == 0
    status = await api.call("GET", f"/sessions/{session_id}/status")
    assert (status["summary"], status["summary_model"]) == (SUMMARY, None)
    for query in ("greeted", "ALL went"):
        found = (await api.call("GET", "/sessions", params={"q": query}))["sessions"]
        assert [(each["session_id"], each["summary"]) for each in found] == [(session_id, SUMMARY)]
    metadata = json.loads((tmp_path / "chat_sessions" / f"{session_id}.json").read_text())["metadata"]
    assert (metadata["summary"], metadata["summary_model_used"]) == (SUMMARY, "tiny-think")
    async with api.client.get(f"/api/v1/sessions/{session_id}/export", params={"format": "markdown"}) as answer:
        assert "They greeted. All went well.\n\nTopics: greeting, mochi" in await answer.text()


async def test_a_turn_comes_first_and_the_summary_after_it(api: Api, ollama_server: OllamaServer) -> None:
    session_id = await api.new_session()
    ollama_server.answer_next(saying("Hi!"), Reply([Piece('{"summary": '), Silence()]), saying("Yes."), SUMMED_UP)
    await api.answer(session_id, "Hello")
    await ollama_server.wait_active()

    begun = time.monotonic()
    await api.answer(session_id, "Are you there?")
    assert time.monotonic() - begun < WITHOUT_A_WAIT

    _, summary, turn = ollama_server.generations
    assert summary.state == "aborted"
    assert turn.body == sent(ollama_server)[2]
    assert sent(ollama_server)[2]["messages"][-1] == {"role": "user", "content": "Are you there?"}
    await summarized(api, session_id)
    assert len(sent(ollama_server)) == 4
    assert [message["content"] for message in await api.messages(session_id)][1::2] == ["Hi!", "Yes."]
    assert ollama_server.loaded.reloads == {"tiny:latest": 1}


async def test_a_turn_of_another_session_on_the_model_comes_first_too(api: Api, ollama_server: OllamaServer) -> None:
    session_id, other = await api.new_session(), await api.new_session("tiny:latest")
    ollama_server.answer_next(saying("Hi!"), Reply([Silence()]), saying("Yes."))
    ollama_server.answer_always(SUMMED_UP)
    await api.answer(session_id, "Hello")
    await ollama_server.wait_active()
    await api.answer(other, "Are you there?")
    await ollama_server.wait_aborted()
    for each in (session_id, other):
        await summarized(api, each)
    assert ollama_server.loaded.reloads == {"tiny:latest": 1}


async def test_the_end_of_the_server_waits_for_no_summary(tmp_path: Path, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(saying("Hi!"), Reply([Silence()]), Reply([Silence()]))
    async with running(tmp_path, ollama_server.url, summarization_enabled="true") as (server, api):
        session_id = await api.new_session()
        await api.answer(session_id)
        await ollama_server.wait_active()
        other = (await api.call("POST", f"/sessions/{session_id}/fork", 201))["session_id"]
        waiting = asyncio.create_task(api.client.post(f"/api/v1/sessions/{other}/summarize"))
        await ollama_server.wait_aborted()
        await ollama_server.wait_active()
        begun = time.monotonic()
        assert await server.end(signal.SIGTERM) == 0
        assert time.monotonic() - begun < STOPPED_WITHIN
        waiting.cancel()
        await asyncio.wait([waiting])
    await ollama_server.wait_aborted(2)


async def test_off_means_off_but_for_who_asks(tmp_path: Path, ollama_server: OllamaServer) -> None:
    async with served(tmp_path, ollama_server.url, summarization_enabled=False) as api:
        session_id = await api.new_session()
        path = f"/sessions/{session_id}/summarize"
        await api.error("POST", path, 400, "EMPTY_HISTORY")
        await api.answer(session_id)
        ollama_server.answer_next(SUMMED_UP)
        assert await api.call("POST", path) == {**SUMMARY, "model_used": "tiny"}
        assert await api.call("GET", f"/sessions/{session_id}/summary") == {**SUMMARY, "model_used": "tiny"}
        assert (await api.call("GET", f"/sessions/{session_id}"))["summary_model"] == "tiny"
        assert len(sent(ollama_server)) == 2


async def test_what_cannot_be_summarised_is_an_error(tmp_path: Path, ollama_server: OllamaServer) -> None:
    unsupported = ("tiny", "tiny-embed")
    async with served(tmp_path, ollama_server.url, summary_unsupported_models=unsupported) as api:
        session_id = await api.new_session()
        await api.answer(session_id)
        path = f"/sessions/{session_id}/summarize"
        await api.error("POST", path, 422, "SUMMARY_MODEL_REQUIRED")
        assert (await api.error("POST", path, 422, "VALIDATION_ERROR", json={"model": "TINY:latest"}))[
            "field"
        ] == "model"
        await api.error("POST", path, 404, "MODEL_NOT_FOUND", json={"model": "gone"})
        await api.error("POST", "/sessions/00000000ff/summarize", 404, "SESSION_NOT_FOUND")
        named: Json = {"json": {"model": "tiny-think"}}
        ollama_server.answer_next(saying("no"), saying('{"summary": "cut', done_reason="length"))
        await api.error("POST", path, 502, "OLLAMA_ERROR", **named)
        ollama_server.answer_next(error(500, "the model fell over"))
        answer = await api.call("POST", path, 502, **named)
        assert "the model fell over" in answer["error"]["message"]
        assert await api.call("GET", f"/sessions/{session_id}/summary") == NOTHING
        ollama_server.answer_next(saying("no"), SUMMED_UP)
        assert (await api.call("POST", path, **named))["model_used"] == "tiny-think"
        ollama_server.answer_next(SUMMED_UP)
        assert (await api.call("POST", path))["model_used"] == "tiny-think"


async def test_a_busy_session_is_told_by_its_run(api: Api, ollama_server: OllamaServer) -> None:
    session_id = await api.new_session()
    await api.answer(session_id)
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("a"), gate, Piece("b")]))
    path = f"/sessions/{session_id}/summarize"
    async with api.stream(session_id) as events:
        [start, *_] = await events.until_text("a")
        assert (await api.error("POST", path, 409, "SESSION_BUSY"))["run_id"] == start.run_id
        gate.opened.set()
        await events.rest()
    ollama_server.answer_next(Reply([Silence()]))
    waiting = asyncio.create_task(api.error("POST", path, 409, "SESSION_BUSY"))
    await ollama_server.wait_active()
    turn = await api.answer(session_id, "me first")
    assert (await waiting)["run_id"] == turn["run_id"]
