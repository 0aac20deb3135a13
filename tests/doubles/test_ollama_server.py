"""The double says what the recorded servers said."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import orjson
import pytest

from domain.json_value import JsonObject, JsonValue
from tests.doubles.ollama_server.flavour import VERSIONS
from tests.doubles.ollama_server.script import EndEarly, Piece, Reply, Tokens
from tests.doubles.ollama_server.server import OllamaServer

ROOT = Path(__file__).parents[2]
WEATHER: JsonObject = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}}},
    },
}


@pytest.fixture(params=VERSIONS)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[OllamaServer]:
    async with OllamaServer(request.param) as server:
        yield server


async def chat(
    server: OllamaServer, text: str = "hello", **fields: JsonValue
) -> tuple[int, list[dict[str, JsonValue]]]:
    """The status and the object in each HTTP chunk, which holds one line each."""
    body = {"model": "tiny", "messages": [{"role": "user", "content": text}], **fields}
    objects = []
    async with aiohttp.ClientSession() as session, session.post(f"{server.url}/api/chat", json=body) as response:
        data, held = b"", b""
        async for block, ends_chunk in response.content.iter_chunks():
            held += block
            if ends_chunk:
                assert held.count(b"\n") == 1
                objects.append(orjson.loads(held))
                held = b""
            data += block
        return response.status, objects or [orjson.loads(data)]


async def test_a_plain_answer(server: OllamaServer) -> None:
    status, objects = await chat(server, "a <b>")

    assert status == 200
    assert [each["message"] for each in objects] == [
        {"role": "assistant", "content": text} for text in ("You", " said:", " a", " <b>", "")
    ]
    assert [each["done"] for each in objects] == [False] * 4 + [True]
    assert list(objects[-1])[4:] == [
        "done_reason",
        "total_duration",
        "load_duration",
        "prompt_eval_count",
        "prompt_eval_duration",
        "eval_count",
        "eval_duration",
    ]


async def test_the_older_server_times_no_single_token(server: OllamaServer) -> None:
    server.answer_next(Reply([Piece("a")]))

    _, objects = await chat(server)

    assert ("eval_duration" in objects[-1]) is server.flavour.has_llama_server


async def test_an_answer_in_one(server: OllamaServer) -> None:
    status, objects = await chat(server, stream=False)

    assert status == 200
    assert [(each["message"], each["done"]) for each in objects] == [
        ({"role": "assistant", "content": "You said: hello"}, True)
    ]


async def test_an_end_that_is_none(server: OllamaServer) -> None:
    server.answer_always(Reply([Piece("again"), EndEarly()]))

    assert [each["done"] for each in (await chat(server))[1]] == [False]
    assert (await chat(server, stream=False))[1][0]["done"] is False


async def test_a_prompt_that_is_too_long(server: OllamaServer) -> None:
    status, [refusal] = await chat(server, "the " * 900, truncate=False, options={"num_ctx": 256})

    assert status == 400
    words = "exceeds the available context size (256 tokens)" if server.flavour.has_llama_server else "context length"
    assert words in str(refusal["error"])
    status, objects = await chat(server, "the " * 900, options={"num_ctx": 256})
    assert status == 200
    assert objects[-1]["prompt_eval_count"] == (131 if server.flavour.has_llama_server else 256)


async def test_a_window_that_changes_reloads(server: OllamaServer) -> None:
    windows: list[int | None] = []
    for options in ({}, {"num_ctx": 4096}, {"num_ctx": 1024}, {"num_ctx": 1024, "temperature": 0}, {"num_ctx": 99_999}):
        await chat(server, options=options)
        windows.append(server.loaded.window_of("tiny"))

    assert windows == [4096, 4096, 1024, 1024, 8192]
    assert server.loaded.reloads == {"tiny:latest": 3}


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"model": "nope"}, 404, "model 'nope' not found"),
        ({"model": ""}, 400, "model is required"),
        ({"model": "tiny-embed"}, 400, '"tiny-embed" does not support chat'),
        ({"think": True}, 400, '"tiny" does not support thinking'),
        ({"think": "banana"}, 400, 'invalid think value: "banana"'),
        ({"tools": [WEATHER]}, 400, "registry.ollama.ai/library/tiny:latest does not support tools"),
        ({"format": "xml"}, 500, 'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object'),
        ({"options": {"num_ctx": "4"}}, 500, 'option "num_ctx" must be of type integer'),
        ({"messages": "hi"}, 400, "json: cannot unmarshal string into Go struct field ChatRequest.messages of type"),
        ({"messages": [{"content": 5}]}, 400, "json: cannot unmarshal number into Go struct field Alias.content"),
    ],
)
async def test_refusals(server: OllamaServer, fields: dict[str, JsonValue], status: int, words: str) -> None:
    answered, [refusal] = await chat(server, "hello", **fields)

    assert answered == status
    assert str(refusal["error"]).startswith(words)


async def test_thinking_unless_told_not_to(server: OllamaServer) -> None:
    _, unset = await chat(server, model="tiny-think")
    _, told = await chat(server, model="tiny-think", think=False)

    assert ["thinking" in str(each["message"]) for each in unset[:4]] == [True, True, True, False]
    assert "thinking" not in str(told)


async def test_calls_of_an_offered_tool(server: OllamaServer) -> None:
    _, objects = await chat(server, "please get_weather", model="tiny-tools", tools=[WEATHER])

    called, last = objects
    assert called["done"] is False
    assert last["done"] is True
    assert '{"index":0,"name":"get_weather","arguments":{"city":"text","unit":"C"}}' in orjson.dumps(called).decode()


async def test_calls_of_a_jinja_model() -> None:
    async with OllamaServer("0.32.15") as server:
        _, [last] = await chat(server, "please get_weather", model="tiny-jinja", tools=[WEATHER])

    message = last["message"]
    assert last["done"] is True
    assert isinstance(message, dict)
    assert len(message["tool_calls"][0]["id"]) == 32


async def test_structured_output(server: OllamaServer) -> None:
    schema: JsonObject = {
        "$defs": {"P": {"type": "object", "properties": {"k": {"const": "v"}}}},
        "type": "object",
        "properties": {
            "p": {"$ref": "#/$defs/P"},
            "n": {"type": "integer", "minimum": 3},
            "l": {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
            "o": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
    }

    _, [answer] = await chat(server, format=schema, stream=False)

    message = answer["message"]
    assert isinstance(message, dict)
    assert orjson.loads(message["content"]) == {"p": {"k": "v"}, "n": 3, "l": [True, True], "o": "text"}


async def test_tokens_by_the_thousand(server: OllamaServer) -> None:
    server.answer_next(Reply([Tokens(5)]), Reply([Tokens(3, per_second=1000)]))

    assert [len((await chat(server))[1]) for _ in range(2)] == [6, 4]


async def test_tokens_that_say_when_they_were_sent(server: OllamaServer) -> None:
    server.answer_next(Reply([Tokens(3, per_second=1000, stamped=True)]))
    before = time.monotonic_ns()

    _, objects = await chat(server)

    stamps = [int(each["message"]["content"]) for each in objects[:-1] if isinstance(each["message"], dict)]
    assert before < stamps[0] < stamps[1] < stamps[2] < time.monotonic_ns()


async def test_other_routes(server: OllamaServer) -> None:
    await chat(server)
    async with aiohttp.ClientSession(server.url, raise_for_status=False) as session:

        async def get(path: str) -> tuple[int, str]:
            async with session.get(path) as response:
                return response.status, await response.text()

        assert await get("/") == (200, "Ollama is running")
        assert await get("/api/version") == (200, f'{{"version":"{server.flavour.version}"}}')
        assert await get("/api/nothing") == (404, "404 page not found")
        assert await get("/api/chat") == (405, "405 method not allowed")
        loaded = orjson.loads((await get("/api/ps"))[1])["models"]
        assert [(model["name"], model["context_length"]) for model in loaded] == [("tiny:latest", 4096)]
        tags = orjson.loads((await get("/api/tags"))[1])["models"]
        assert all(("capabilities" in tag) is server.flavour.has_llama_server for tag in tags)


async def test_it_is_a_program_too() -> None:
    command = [sys.executable, "-m", "tests.doubles.ollama_server", "--tokens", "3"]
    program = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert program.stdout is not None
    url = (await program.stdout.readline()).decode().strip()
    body = {"model": "tiny", "messages": [{"role": "user", "content": "x"}]}
    async with aiohttp.ClientSession() as session, session.post(f"{url}/api/chat", json=body) as response:
        lines = (await response.text()).splitlines()
    program.terminate()
    await program.wait()

    assert len(lines) == 4
