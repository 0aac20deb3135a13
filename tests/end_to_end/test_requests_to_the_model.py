"""What Ollama is sent for what a chat was asked."""

from pathlib import Path

import pytest

from tests.doubles.ollama_server.script import Cut, Piece, Reply, saying
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Json, names_of, text_of
from tests.end_to_end.servers import served

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SCHEMA: Json = {"type": "object", "properties": {"a": {"const": 1}, "ü\u2028": {"type": "string"}}}


async def asked(api: Api, ollama_server: OllamaServer, session_id: str, message: str | None, **fields: Json) -> Json:
    """The request that the model got."""
    before = len(ollama_server.chats)
    await api.answer(session_id, message, **fields)
    [request] = ollama_server.chats[before:]
    return request


async def test_a_plain_request_is_this(api: Api, ollama_server: OllamaServer) -> None:
    session_id = await api.new_session(system_prompt="Be brief.")
    assert await asked(api, ollama_server, session_id, "hi") == {
        "model": "tiny",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
        "stream": True,
        "truncate": False,
        "options": {"num_ctx": 7372},
    }


async def test_a_large_model_begins_with_8192(api: Api, ollama_server: OllamaServer) -> None:
    session_id = await api.new_session("tiny-vision")
    assert (await asked(api, ollama_server, session_id, "hi"))["options"] == {"num_ctx": 8192}


async def test_without_dynamic_windows_none_is_asked_for(tmp_path: Path, ollama_server: OllamaServer) -> None:
    async with served(tmp_path, ollama_server.url, dynamic_context_window_enabled=False) as api:
        request = await asked(api, ollama_server, await api.new_session(), "hi")
    assert "options" not in request
    assert request["truncate"] is False


async def test_options_and_format_are_passed_on(api: Api, ollama_server: OllamaServer) -> None:
    options: Json = {"temperature": 0.25, "stop": ["\u2028", "x"], "seed": 18446744073709551615, "unknown": None}
    session_id = await api.new_session()
    request = await asked(api, ollama_server, session_id, "hi", options=options, format=SCHEMA)
    assert request["options"] == {**options, "num_ctx": 7372}
    assert request["format"] == SCHEMA
    assert (await api.last_message(session_id))["content"] == '{"a":1,"ü\u2028":"text"}'
    request = await asked(api, ollama_server, session_id, "hi")
    assert request["options"] == {"num_ctx": 7372}
    assert "format" not in request


@pytest.mark.parametrize("think", [False, True, "low", "medium", "high"])
async def test_one_that_thinks_is_told_whether_to(api: Api, ollama_server: OllamaServer, think: bool | str) -> None:
    session_id = await api.new_session("tiny-think")
    async with api.stream(session_id, "hi", think=think) as events:
        got = await events.rest()
    assert ollama_server.chats[-1]["think"] is think or ollama_server.chats[-1]["think"] == think
    assert got[0].data["warnings"] == []
    thoughts = "".join(event.data["content"] for event in got if event.name == "thinking_delta")
    assert thoughts == ("let me think" if think else "")
    message = await api.last_message(session_id)
    assert (message["thinking"], message["content"]) == (thoughts or None, "You said: hi")


async def test_one_that_thinks_is_told_not_to_by_default(api: Api, ollama_server: OllamaServer) -> None:
    assert (await asked(api, ollama_server, await api.new_session("tiny-think"), "hi"))["think"] is False


async def test_one_that_cannot_think_is_told_nothing_and_the_person_is(api: Api, ollama_server: OllamaServer) -> None:
    session_id = await api.new_session()
    answer = await api.answer(session_id, "hi", think="high")
    assert "think" not in ollama_server.chats[-1]
    [warning] = answer["warnings"]
    assert "cannot think" in warning
    async with api.stream(session_id, think=True) as events:
        assert (await events.rest())[0].data["warnings"] == [warning]


async def test_pictures_go_to_one_that_sees(api: Api, ollama_server: OllamaServer) -> None:
    session_id = await api.new_session("tiny-vision")
    for request in (
        await asked(api, ollama_server, session_id, "look", images=[PIXEL, PIXEL]),
        await asked(api, ollama_server, session_id, "again"),
    ):
        assert request["messages"][0] == {"role": "user", "content": "look", "images": [PIXEL, PIXEL]}
    assert (await api.messages(session_id))[0]["images"] == [PIXEL, PIXEL]
    assert (await asked(api, ollama_server, session_id, "", images=[PIXEL]))["messages"][-1]["content"] == ""


async def test_a_path_is_no_picture(api: Api, ollama_server: OllamaServer, tmp_path: Path) -> None:
    secret = tmp_path / "abcd"
    secret.write_text("secret")
    session_id = await api.new_session("tiny-vision")
    for image in (str(secret), f"file://{secret}", "~/.ssh/id_rsa", f"data:image/png;base64,{PIXEL}"):
        for path in (f"/chat/{session_id}", f"/chat/{session_id}/stream"):
            body = {"message": "x", "images": [image]}
            details = await api.error("POST", path, 422, "VALIDATION_ERROR", json=body)
            assert details["field"] == "images.0"
    assert ollama_server.chats == []


async def test_the_history_carries_thoughts_and_no_more_than_ollama_asks_for(
    api: Api, ollama_server: OllamaServer
) -> None:
    session_id = await api.new_session("tiny-think")
    await api.answer(session_id, "one", think=True)
    assert (await asked(api, ollama_server, session_id, "two"))["messages"] == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "You said: one", "thinking": "let me think"},
        {"role": "user", "content": "two"},
    ]


async def test_regenerating_drops_the_old_answer_first(api: Api, ollama_server: OllamaServer) -> None:
    session_id = await api.new_session()
    await api.answer(session_id, "one")
    old = await api.last_message(session_id)
    request = await asked(api, ollama_server, session_id, None, regenerate=True)
    assert request["messages"] == [{"role": "user", "content": "one"}]
    assert [message["role"] for message in await api.messages(session_id)] == ["user", "assistant"]
    assert (await api.last_message(session_id))["message_id"] != old["message_id"]


async def test_an_answer_is_continued_in_its_own_message(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(Reply([Piece("Once upon"), Cut()]), saying(" a", " time"))
    session_id = await api.new_session()
    async with api.stream(session_id, "a tale") as events:
        await events.rest()
    half = await api.last_message(session_id)
    async with api.stream(session_id, None) as events:
        got = await events.rest()
    whole = await api.last_message(session_id)
    sent: Json = ollama_server.chats[-1]["messages"]
    assert sent[-1] == {"role": "assistant", "content": "Once upon"}
    assert text_of(got) == " a time"
    assert (whole["content"], whole["done_reason"]) == ("Once upon a time", "stop")
    assert (whole["message_id"], whole["timestamp"]) == (half["message_id"], half["timestamp"])
    assert len(await api.messages(session_id)) == 2


async def test_a_continuation_that_is_cut_keeps_both_parts(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(saying("one"), Reply([Piece(" two"), Cut()]), Reply([Cut()]))
    session_id = await api.new_session()
    await api.answer(session_id)
    for _ in range(2):
        async with api.stream(session_id, None) as events:
            assert names_of(await events.rest())[-2:] == ["error", "done"]
        message = await api.last_message(session_id)
        assert (message["content"], message["done_reason"]) == ("one two", "error")
    assert len(await api.messages(session_id)) == 2


async def test_a_user_message_without_an_answer_is_answered(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(Reply([Cut()]))
    session_id = await api.new_session()
    async with api.stream(session_id, "hi") as events:
        await events.rest()
    assert (await asked(api, ollama_server, session_id, None))["messages"] == [{"role": "user", "content": "hi"}]
    assert (await api.last_message(session_id))["content"] == "You said: hi"


async def test_the_length_that_a_person_chose_is_told(api: Api) -> None:
    answer = await api.answer(await api.new_session(), "hello", options={"num_predict": 2})
    assert (answer["message"]["content"], answer["message"]["done_reason"]) == ("You said:", "length")


async def test_tools_and_agents_of_no_name_are_refused(api: Api) -> None:
    for field, settings, code in (
        ("tool_settings", {"tools": ["none"]}, "TOOL_NOT_FOUND"),
        ("agent_settings", {"enabled_agents": ["none"]}, "AGENT_NOT_FOUND"),
    ):
        await api.error("POST", "/sessions", 404, code, json={"model": "tiny", field: settings})
