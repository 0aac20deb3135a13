"""Models that call tools although none were offered to them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from domain.json_value import JsonObject
from tests.doubles.ollama_server.script import Cut, Gate, Piece, Reply, saying, tool_call
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Json, names_of, text_of
from tests.end_to_end.servers import served

ARGUMENTS: JsonObject = {"city": "Zürich\u2028", "days": [1, {"deep": None}]}
A, B = tool_call("weather", ARGUMENTS, "call_a"), tool_call("clock", {}, "call_b")


def calling(*chunks: Sequence[JsonObject], last: Sequence[JsonObject] = (), text: str = "") -> Reply:
    steps = [Piece(text)] if text else []
    return Reply([*steps, *(Piece(tool_calls=calls) for calls in chunks)], last=Piece(tool_calls=last))


@pytest.mark.parametrize(
    "reply",
    [
        calling([A, B]),
        calling([A], [B]),
        calling(last=[A, B]),
        calling([A], last=[B]),
        calling([A], [B], text="Let me see."),
    ],
    ids=["one chunk", "two chunks", "the last chunk", "a chunk and the last", "with text"],
)
async def test_it_is_told_that_there_are_none_and_answers(api: Api, ollama_server: OllamaServer, reply: Reply) -> None:
    ollama_server.answer_next(reply, saying("I do not know."))
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        got = await events.rest()

    results = [event.data for event in got if event.name == "tool_result"]
    assert names_of(got)[-6:] == [
        "tool_result",
        "tool_result",
        "tool_continuation_start",
        "content_delta",
        "message_complete",
        "done",
    ]
    assert [(each["tool_name"], each["tool_call_id"], each["call_index"]) for each in results] == [
        ("weather", "call_a", 0),
        ("clock", "call_b", 1),
    ]
    assert {(each["success"], each["result"], each["error_code"]) for each in results} == {
        (False, None, "TOOL_NOT_FOUND")
    }
    user, asked, first, second, answer = await api.messages(session_id)
    assert [call["id"] for call in asked["tool_calls"]] == ["call_a", "call_b"]
    assert asked["tool_calls"][0]["function"] == {"name": "weather", "arguments": ARGUMENTS}
    assert [(each["tool_name"], each["tool_call_id"]) for each in (first, second)] == [
        ("weather", "call_a"),
        ("clock", "call_b"),
    ]
    assert answer["content"] == "I do not know."
    assert user["role"] == "user"
    sent: Json = ollama_server.chats[-1]["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "tool"]
    assert sent[1]["tool_calls"] == [
        {"id": "call_a", "function": {"name": "weather", "arguments": ARGUMENTS}},
        {"id": "call_b", "function": {"name": "clock", "arguments": {}}},
    ]
    assert [message["tool_name"] for message in sent[2:]] == ["weather", "clock"]
    assert "no tool `weather`" in sent[2]["content"]


async def test_the_answer_in_one_names_the_calls(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(calling([A]), saying("No."))
    session_id = await api.new_session()
    answer = await api.answer(session_id)
    [call] = answer["tool_calls_executed"]
    assert (call["tool_name"], call["arguments"], call["success"]) == ("weather", ARGUMENTS, False)
    assert answer["message"] == await api.last_message(session_id)
    [run] = await api.runs(session_id)
    assert run["eval_count"] == 2


async def test_calls_without_ids_get_some(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(calling([tool_call("weather", {}), tool_call("weather", {})]), saying("No."))
    session_id = await api.new_session()
    await api.answer(session_id)
    _, asked, first, second, _ = await api.messages(session_id)
    ids = [call["id"] for call in asked["tool_calls"]]
    assert len(set(ids)) == 2
    assert [first["tool_call_id"], second["tool_call_id"]] == ids


async def test_one_that_calls_for_ever_is_stopped(tmp_path: Path, ollama_server: OllamaServer) -> None:
    async with served(tmp_path, ollama_server.url, max_tool_rounds=2) as api:
        session_id = await api.new_session()
        ollama_server.answer_always(calling([A]))
        async with api.stream(session_id) as events:
            got = await events.rest()
        assert got[-2].data["code"] == "TOOL_ROUNDS_EXCEEDED"
        assert got[-1].data["status"] == "failed"
        assert len(ollama_server.chats) == 3
        details = await api.error("POST", f"/chat/{session_id}", 500, "TOOL_ROUNDS_EXCEEDED", json={"message": "x"})
        assert details["rounds"] == 2
        ollama_server.answer_always(None)
        assert (await api.answer(session_id, "stop"))["message"]["content"] == "You said: stop"
        roles = [message["role"] for message in await api.messages(session_id)]
    assert roles == [*["user", *["assistant", "tool"] * 3] * 2, "user", "assistant"]


async def test_a_cut_between_call_and_result_leaves_no_call_open(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(calling([A]), Reply([Piece("so"), gate]), saying("fine"))
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        await events.until("content_delta")
        await api.cancel(session_id)
        await events.rest()
    assert [message["role"] for message in await api.messages(session_id)] == ["user", "assistant", "tool", "assistant"]
    await api.answer(session_id, "more")
    ollama_server.answer_next(Reply([Piece(tool_calls=[B]), Cut()]))
    async with api.stream(session_id) as events:
        assert text_of(await events.rest()) == ""
    assert (await api.last_message(session_id))["role"] == "user", "a call that came with no end is no answer"
