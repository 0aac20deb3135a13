"""What a model is sent, byte for byte where it matters."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import orjson
import pytest

from adapters.ollama.language_model import OllamaLanguageModel
from application.ports.language_model import ModelRequest
from domain.json_value import JsonObject, JsonValue
from domain.message import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage
from domain.tool import Tool
from tests.adapters.ollama.asking import AT, asking, question, read
from tests.doubles.ollama_server.server import OllamaServer


async def sent(server: OllamaServer, model: OllamaLanguageModel, request: ModelRequest) -> JsonObject:
    await read(model, request)
    body = orjson.loads(server.requests[-1].body)
    assert isinstance(body, dict)
    return body


async def test_the_plainest_request(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    body = await sent(ollama_server, model, asking())

    assert body == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "hello"}],
        "stream": True,
        "truncate": False,
    }


async def test_the_headers(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    await read(model)

    headers = ollama_server.requests[-1].headers
    assert headers["content-type"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert headers["host"] == ollama_server.url.removeprefix("http://")
    assert "origin" not in headers
    assert "cookie" not in headers
    assert "transfer-encoding" not in headers


HISTORY: tuple[Sequence[Message], list[JsonValue]] = (
    [
        SystemMessage(message_id="00000000a1", timestamp=AT, content="Be brief.", source_file="a.md"),
        question("Weather in Paris?"),
        AssistantMessage(
            message_id="00000000a2",
            timestamp=AT,
            content="",
            model="other",
            thinking="hm",
            tool_calls=(ToolCall(call_id="call_1", tool_name="weather", arguments={"city": "Paris", "at": {"h": 5}}),),
            eval_count=5,
        ),
        ToolMessage(message_id="00000000a3", timestamp=AT, content="22C", tool_name="weather", tool_call_id="call_1"),
        ToolMessage(message_id="00000000a4", timestamp=AT, content="old", tool_name="weather"),
        AssistantMessage(message_id="00000000a5", timestamp=AT, content="22", model=None, thinking=""),
    ],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather in Paris?"},
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [
                {"id": "call_1", "function": {"name": "weather", "arguments": {"city": "Paris", "at": {"h": 5}}}}
            ],
        },
        {"role": "tool", "content": "22C", "tool_name": "weather", "tool_call_id": "call_1"},
        {"role": "tool", "content": "old", "tool_name": "weather"},
        {"role": "assistant", "content": "22"},
    ],
)


async def test_a_history_with_all_kinds_of_messages(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    messages, wire = HISTORY

    assert (await sent(ollama_server, model, asking("tiny-tools", messages)))["messages"] == wire


@pytest.mark.parametrize("think", [False, True, "low", "high"])
async def test_think_goes_as_it_is(
    ollama_server: OllamaServer, model: OllamaLanguageModel, think: bool | Literal["low", "high"]
) -> None:
    body = await sent(ollama_server, model, ModelRequest(model="tiny-think", messages=[question()], think=think))

    assert body["think"] is think or body["think"] == think


async def test_options_format_and_window(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    schema: JsonObject = MappingProxyType({"type": "object", "properties": MappingProxyType({})})
    options: JsonObject = MappingProxyType({"temperature": 0.5, "stop": ("a", "b")})

    body = await sent(
        ollama_server,
        model,
        ModelRequest(model="tiny", messages=[question()], options=options, format=schema, num_ctx=1024),
    )

    assert body["options"] == {"temperature": 0.5, "stop": ["a", "b"], "num_ctx": 1024}
    assert body["format"] == {"type": "object", "properties": {}}
    assert dict(options) == {"temperature": 0.5, "stop": ("a", "b")}
    assert ollama_server.loaded.window_of("tiny") == 1024


async def test_a_history_that_is_too_long_is_refused_and_not_cut(model: OllamaLanguageModel) -> None:
    reading = await read(model, ModelRequest(model="tiny", messages=[question("word " * 400)], num_ctx=256))

    assert reading.error is not None
    assert "exceeds the available context size (256 tokens)" in reading.error.message


async def test_pictures_go_as_the_text_that_they_are(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    body = await sent(ollama_server, model, asking("tiny-vision", [question("see", ("aGVsbG8=", "d29ybGQ="))]))

    assert body["messages"] == [{"role": "user", "content": "see", "images": ["aGVsbG8=", "d29ybGQ="]}]


async def test_a_picture_that_names_a_file_is_not_read(
    ollama_server: OllamaServer, model: OllamaLanguageModel, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")

    reading = await read(model, asking("tiny-vision", [question("see", (str(secret),))]))

    body = ollama_server.requests[-1].body
    assert orjson.loads(body)["messages"][0]["images"] == [str(secret)]
    assert b"the secret" not in body
    assert reading.error is not None
    assert "illegal base64" in reading.error.message


@pytest.mark.parametrize("text", ["\x00", "\u2028", "😀", '"\\', "<&>", ""])
async def test_any_text_arrives(ollama_server: OllamaServer, model: OllamaLanguageModel, text: str) -> None:
    body = await sent(ollama_server, model, asking(messages=[question(text)]))

    assert body["messages"] == [{"role": "user", "content": text}]


async def test_a_lone_surrogate_of_an_old_file_is_sent_as_its_escape(
    ollama_server: OllamaServer, model: OllamaLanguageModel
) -> None:
    await read(model, asking(messages=[question("a\ud800b")]))

    assert b'"a\\ud800b"' in ollama_server.requests[-1].body


async def test_integers_of_any_size_are_sent(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    await read(model, ModelRequest(model="tiny", messages=[question()], options={"num_keep": 10**30}))

    assert b'"num_keep": 1000000000000000000000000000000' in ollama_server.requests[-1].body


async def test_a_body_of_many_megabytes(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    reading = await read(model, asking("tiny-vision", [question("see", ("aGVsbG8h" * 1_000_000,))]))

    assert reading.error is None
    assert len(ollama_server.requests[-1].body) > 8_000_000


async def test_tools_are_offered_as_the_server_takes_them(
    ollama_server: OllamaServer, model: OllamaLanguageModel
) -> None:
    parameters: JsonObject = MappingProxyType(
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    )
    tool = Tool(name="weather", description="The weather.", parameters=parameters, source="weather.py")
    request = replace(asking(model="tiny-tools"), tools=[tool])

    assert (await sent(ollama_server, model, request))["tools"] == [
        {
            "type": "function",
            "function": {"name": "weather", "description": "The weather.", "parameters": dict(parameters)},
        }
    ]
