"""Each thing that a server can do wrong leads to its one error, and what came before it stays."""

import orjson
import pytest

from adapters.ollama.client import OllamaClient
from adapters.ollama.language_model import OllamaLanguageModel
from application.ports.language_model import ModelChunk
from domain.errors import (
    ModelNotFound,
    ModelServerFailed,
    ModelServerTimeout,
    ModelServerUnreachable,
    PromptTooLong,
)
from tests.adapters.ollama.asking import asking, read
from tests.doubles.ollama_server.script import (
    Answer,
    Cut,
    EndEarly,
    Failure,
    Gate,
    Pause,
    Piece,
    Raw,
    Refusal,
    Reply,
    Silence,
    Step,
    busy,
    error,
    saying,
    trickle,
)
from tests.doubles.ollama_server.server import OllamaServer
from tests.fakes.id_source import CountingIds

BEFORE = (Piece("kept"), Piece(" text"))


def line(text: str) -> Raw:
    return Raw(text.encode() + b"\n")


WRONG_LINES: dict[str, Step] = {
    "number": line("5"),
    "string": line('"text"'),
    "list": line("[]"),
    "null": line("null"),
    "empty object": line("{}"),
    "garbage": line("<html>"),
    "half an object": line('{"message":'),
    "not UTF-8": Raw(b"\xff\xfe\n"),
    "no number": line('{"message":{"content":NaN},"done":false}'),
    "deep": line("[" * 100_000),
    "deep object": line('{"message":' * 5000 + "1" + "}" * 5000),
    "message is a string": line('{"message":"text","done":false}'),
    "message is null": line('{"message":null,"done":false}'),
    "content is a number": line('{"message":{"content":5},"done":false}'),
    "content is false": line('{"message":{"content":false},"done":false}'),
    "thinking is a list": line('{"message":{"content":"","thinking":[]},"done":false}'),
    "done is a string": line('{"message":{"content":""},"done":"yes"}'),
    "done is null": line('{"message":{"content":""},"done":null}'),
    "calls are an object": line('{"message":{"content":"","tool_calls":{}},"done":false}'),
    "call is a string": line('{"message":{"content":"","tool_calls":["f"]},"done":false}'),
    "call has no function": line('{"message":{"content":"","tool_calls":[{"id":"a"}]},"done":false}'),
    "call has no name": line('{"message":{"content":"","tool_calls":[{"function":{}}]},"done":false}'),
    "arguments are text": line(
        '{"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]},"done":false}'
    ),
    "call id is a number": line('{"message":{"content":"","tool_calls":[{"id":5,"function":{"name":"f"}}]}}'),
    "count is text": line('{"message":{"content":""},"done":true,"eval_count":"5"}'),
    "count is negative": line('{"message":{"content":""},"done":true,"prompt_eval_count":-1}'),
    "count is a fraction": line('{"message":{"content":""},"done":true,"prompt_eval_count":1.5}'),
    "count is true": line('{"message":{"content":""},"done":true,"load_duration":true}'),
    "reason is a number": line('{"message":{"content":""},"done":true,"done_reason":5}'),
    "line without its end": Raw(b'{"message":{"content":"lost'),
}


@pytest.mark.parametrize("before", [(), BEFORE])
@pytest.mark.parametrize("wrong", WRONG_LINES.values(), ids=WRONG_LINES)
async def test_a_line_that_is_wrong(
    ollama_server: OllamaServer, model: OllamaLanguageModel, wrong: Step, before: tuple[Piece, ...]
) -> None:
    ollama_server.answer_next(Reply([*before, wrong, EndEarly()]))

    reading = await read(model)

    assert reading.texts == [piece.content for piece in before]
    assert type(reading.error) is ModelServerFailed


BREAKS: dict[str, list[Step]] = {
    "reset": [Cut()],
    "close": [Cut(reset=False)],
    "reset in a line": [Raw(b'{"message":{"content":"lo'), Cut()],
    "close in a line": [Raw(b'{"message":{"content":"lo'), Cut(reset=False)],
    "clean end": [EndEarly()],
    "error": [Failure("the runner died")],
    "error object": [Failure({"message": "the runner died"})],
    "error number": [Failure(5)],
}


@pytest.mark.parametrize("before", [(), BEFORE])
@pytest.mark.parametrize("steps", BREAKS.values(), ids=BREAKS)
async def test_an_answer_that_breaks(
    ollama_server: OllamaServer, model: OllamaLanguageModel, steps: list[Step], before: tuple[Piece, ...]
) -> None:
    ollama_server.answer_next(Reply([*before, *steps]))

    reading = await read(model)

    assert reading.texts == [piece.content for piece in before]
    assert type(reading.error) is ModelServerFailed
    assert reading.error.message


@pytest.mark.parametrize("reset", [True, False])
async def test_what_arrived_just_before_a_break_is_told(
    ollama_server: OllamaServer, model: OllamaLanguageModel, reset: bool
) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("one"), gate, Piece(" two"), Pause(0), Piece(" three"), Cut(reset)]))
    texts: list[str] = []

    def hear(chunk: ModelChunk) -> None:
        texts.append(chunk.content)
        gate.opened.set()

    with pytest.raises(ModelServerFailed):
        await model.stream(asking(), hear)
    assert texts == ["one", " two", " three"]


@pytest.mark.parametrize("before", [(), BEFORE])
async def test_silence(ollama_server: OllamaServer, before: tuple[Piece, ...]) -> None:
    ollama_server.answer_next(Reply([*before, Silence()]))
    client = OllamaClient(host=ollama_server.url, timeout=0.5)

    reading = await read(OllamaLanguageModel(client=client, ids=CountingIds()))

    assert reading.texts == [piece.content for piece in before]
    assert type(reading.error) is ModelServerTimeout
    assert "MOCHI_OLLAMA_TIMEOUT" in reading.error.message
    await ollama_server.wait_aborted()
    await client.aclose()


async def test_a_slow_answer_is_no_silence(ollama_server: OllamaServer) -> None:
    client = OllamaClient(host=ollama_server.url, timeout=1)
    ollama_server.answer_next(saying(*"abcdefgh", pace=0.15))

    reading = await read(OllamaLanguageModel(client=client, ids=CountingIds()))

    assert reading.error is None
    assert reading.text == "abcdefgh"
    await client.aclose()


async def test_nobody_there(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    await ollama_server.stop()

    reading = await read(model)

    assert type(reading.error) is ModelServerUnreachable
    assert ollama_server.url in reading.error.message


async def test_a_name_that_is_nobodys() -> None:
    client = OllamaClient(host="nobody.invalid", timeout=5)

    reading = await read(OllamaLanguageModel(client=client, ids=CountingIds()))

    assert type(reading.error) is ModelServerUnreachable
    await client.aclose()


NESTED = (
    '{"error":{"code":400,"message":"request (3604 tokens) exceeds the available context size (256 tokens), try '
    'increasing it","type":"exceed_context_size_error","n_prompt_tokens":3604,"n_ctx":256}}'
)
TOO_LONG: dict[str, tuple[Refusal, str, tuple[int | None, int | None]]] = {
    "with its size": (error(400, NESTED), "request (3604 tokens) exceeds the available", (3604, 256)),
    "nested as objects": (Refusal(400, orjson.loads(NESTED)), "request (3604 tokens) exceeds the", (3604, 256)),
    "without its size": (error(400, "the input length exceeds the context length"), "the input length", (None, None)),
}


@pytest.mark.parametrize(("refusal", "words", "counts"), TOO_LONG.values(), ids=TOO_LONG)
async def test_a_prompt_that_is_too_long(
    ollama_server: OllamaServer,
    model: OllamaLanguageModel,
    refusal: Refusal,
    words: str,
    counts: tuple[int | None, int | None],
) -> None:
    ollama_server.answer_next(refusal)

    reading = await read(model)

    assert isinstance(reading.error, PromptTooLong)
    assert reading.error.code == "OLLAMA_ERROR"
    assert reading.error.message.startswith(words)
    assert (reading.error.prompt_tokens, reading.error.window) == counts


REFUSALS: dict[str, tuple[Refusal, str]] = {
    "busy": (busy(), "server busy, please try again.  maximum pending requests exceeded"),
    "nested": (error(500, '{"error":{"code":500,"message":"went wrong"}}'), "went wrong"),
    "nested that is none": (error(400, "{broken"), "{broken"),
    "object": (Refusal(500, {"error": {"message": "went wrong", "type": "x"}}), "went wrong"),
    "bare message": (Refusal(500, {"message": "went wrong"}), "went wrong"),
    "string": (Refusal(500, "went wrong"), "went wrong"),
    "number": (Refusal(500, 5), "5"),
    "list": (Refusal(500, []), "[]"),
    "plain": (Refusal(502, b"Bad Gateway\n"), "Bad Gateway"),
    "not UTF-8": (Refusal(502, b"\xff\xfe"), "\ufffd"),
    "unknown path": (Refusal(404, b"404 page not found"), "404 page not found"),
    "empty 403": (Refusal(403), "OLLAMA_HOST"),
    "empty 500": (Refusal(500), "status 500"),
    "redirect": (Refusal(307, headers={"Location": "/elsewhere"}), "MOCHI_OLLAMA_HOST"),
    "cloud": (error(403, "ollama cloud is disabled: remote model is unavailable"), "ollama cloud is disabled"),
}


@pytest.mark.parametrize(("refusal", "words"), REFUSALS.values(), ids=REFUSALS)
async def test_a_refusal(ollama_server: OllamaServer, model: OllamaLanguageModel, refusal: Refusal, words: str) -> None:
    ollama_server.answer_next(refusal)

    reading = await read(model)

    assert type(reading.error) is ModelServerFailed
    assert words in reading.error.message
    assert reading.error.details["status"] == refusal.status
    assert len(ollama_server.requests) == 1


@pytest.mark.parametrize("answer", [error(404, "model 'nope' not found"), error(400, "invalid model name")])
async def test_a_model_that_is_not_there(
    ollama_server: OllamaServer, model: OllamaLanguageModel, answer: Answer
) -> None:
    ollama_server.answer_next(answer)

    reading = await read(model, asking("nope"))

    assert type(reading.error) is ModelNotFound
    assert reading.error.details == {"model": "nope"}


async def test_a_page_of_html_is_cut(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    ollama_server.answer_next(Refusal(502, b"<html>" * 10_000))

    reading = await read(model)

    assert reading.error is not None
    assert len(reading.error.message) == 2000


WHOLE = b'{"message":{"content":"caf\xc3\xa9"},"done":false}\n{"message":{"content":"!"},"done":true}\n'
HARMLESS: dict[str, tuple[list[Step], list[str]]] = {
    "blank lines": ([Raw(b"\n\n"), Piece("a"), Raw(b"\r\n \n"), Piece("b")], ["a", "b"]),
    "raw U+2028": ([line('{"message":{"content":"a\u2028b\x85c"},"done":false}')], ["a\u2028b\x85c"]),
    "lone surrogates": (
        [line('{"message":{"content":"a\\ud800b"},"done":false}'), line('{"message":{"content":"\\ude00"}}')],
        ["a\ufffdb", "\ufffd"],
    ),
    "a pair of surrogates": ([line('{"message":{"content":"\\ud83d\\ude00"},"done":false}')], ["😀"]),
    "bytes that are no text": ([Raw(b'{"message":{"content":"a\xffb"},"done":false}\n')], ["a\ufffdb"]),
    "byte by byte": ([*trickle(WHOLE)], ["café", "!"]),
    "two lines at a time": ([Raw(WHOLE)], ["café", "!"]),
    "last line without its end": ([Raw(WHOLE.rstrip()), EndEarly()], ["café", "!"]),
    "nulls": ([line('{"message":{"content":null,"thinking":null,"tool_calls":null},"error":null}')], []),
    "unknown fields": ([line('{"message":{"content":"a","new":{}},"done":false,"newer":[1]}')], ["a"]),
}


@pytest.mark.parametrize(("steps", "texts"), HARMLESS.values(), ids=HARMLESS)
async def test_what_is_unusual_and_harmless(
    ollama_server: OllamaServer, model: OllamaLanguageModel, steps: list[Step], texts: list[str]
) -> None:
    ollama_server.answer_next(Reply(steps))

    reading = await read(model)

    assert reading.error is None
    assert reading.texts == texts
    assert reading.chunks[-1].end


async def test_a_very_long_line(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    ollama_server.answer_next(saying("x" * 20_000_000, "y"))

    reading = await read(model)

    assert [len(text) for text in reading.texts] == [20_000_000, 1]


async def test_lone_surrogates_in_the_arguments_of_a_call(
    ollama_server: OllamaServer, model: OllamaLanguageModel
) -> None:
    call = '{"function":{"name":"f","arguments":{"a\\ud800":["\\udfff",1,null]}}}'
    ollama_server.answer_next(Reply([line('{"message":{"content":"","tool_calls":[' + call + "]}}")]))

    reading = await read(model)

    assert reading.chunks[0].tool_calls[0].arguments == {"a\ufffd": ["\ufffd", 1, None]}
