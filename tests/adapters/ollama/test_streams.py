"""Streams as a whole: leaving them ends the generation, and hundreds go on side by side."""

import asyncio

import pytest

from adapters.ollama.client import OllamaClient
from adapters.ollama.language_model import OllamaLanguageModel
from adapters.ollama.lines import Lines
from application.ports.language_model import ModelChunk
from domain.errors import ModelServerFailed
from tests.adapters.ollama.asking import asking, read
from tests.doubles.ollama_server.script import Gate, Piece, Raw, Reply, Silence, Step, Tokens, saying, tool_call
from tests.doubles.ollama_server.server import OllamaServer
from tests.fakes.id_source import CountingIds


async def test_a_cancelled_reader_ends_the_generation(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    ollama_server.answer_next(Reply([Piece("one"), Silence()]))
    seen: list[str] = []
    first = asyncio.Event()

    def hear(chunk: ModelChunk) -> None:
        seen.append(chunk.content)
        first.set()

    task = asyncio.create_task(model.stream(asking(), hear))
    await first.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    await ollama_server.wait_aborted()
    assert seen == ["one"]


async def test_a_reader_cancelled_before_the_first_token_ends_the_generation(
    ollama_server: OllamaServer, model: OllamaLanguageModel
) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([gate, Piece("never")]))
    task = asyncio.create_task(read(model))
    await gate.reached.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    await ollama_server.wait_aborted()


async def test_leaving_in_the_middle_ends_the_generation(
    ollama_server: OllamaServer, model: OllamaLanguageModel
) -> None:
    ollama_server.answer_next(Reply([Tokens(1_000_000, per_second=1000)]))

    def leave(_: ModelChunk) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await model.stream(asking(), leave)
    await ollama_server.wait_aborted()


async def test_a_whole_answer_is_not_aborted(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    await read(model)

    await ollama_server.wait_idle()
    assert not ollama_server.aborted
    assert ollama_server.generations[0].state == "finished"


async def test_nobody_waits_for_another(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    """All three hundred are in the middle of their answers before any may end."""
    gate = Gate()
    ollama_server.answer_always(Reply([Piece("one"), gate, Piece(" two")]))
    begun = 0
    all_begun = asyncio.Event()

    async def one() -> str:
        text = ""

        def hear(chunk: ModelChunk) -> None:
            nonlocal begun, text
            begun += not text
            if begun == 300:
                all_begun.set()
            text += chunk.content

        await model.stream(asking(), hear)
        return text

    tasks = [asyncio.create_task(one()) for _ in range(300)]
    async with asyncio.timeout(20):
        await all_begun.wait()
    gate.opened.set()

    assert await asyncio.gather(*tasks) == ["one two"] * 300


async def test_a_server_that_is_much_faster_than_we_are(
    ollama_server: OllamaServer, model: OllamaLanguageModel
) -> None:
    ollama_server.answer_next(Reply([Tokens(20_000, per_write=50, content="x" * 1000)]))

    assert len((await read(model)).text) == 20_000_000


async def test_calls_without_an_id_get_one_of_ours(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    calls = [tool_call("f", {}), tool_call("g", {"a": 1}, ""), tool_call("h", {}, "call_theirs")]
    ollama_server.answer_next(Reply([Piece(tool_calls=calls)]))

    chunk = (await read(model)).chunks[0]

    assert [call.call_id for call in chunk.tool_calls] == ["0000000001", "0000000002", "call_theirs"]
    assert [call.tool_name for call in chunk.tool_calls] == ["f", "g", "h"]


async def test_an_end_may_say_nothing(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    steps: list[Step] = [Piece("a")]
    ollama_server.answer_next(Reply(steps, done_reason=None))

    end = (await read(model)).chunks[-1].end

    assert end is not None
    assert end.done_reason == "stop"


async def test_a_load_shows_in_the_end(model: OllamaLanguageModel) -> None:
    first, second = [(await read(model)).chunks[-1].end for _ in range(2)]

    assert first is not None
    assert second is not None
    assert (first.load_duration_ns or 0) > 10 * (second.load_duration_ns or 0) > 0


async def test_a_closed_client_leaves_nothing_open(ollama_server: OllamaServer) -> None:
    """Unclosed sockets and sessions are warnings, and warnings are errors here."""
    client = OllamaClient(host=ollama_server.url, timeout=5)
    await read(OllamaLanguageModel(client=client, ids=CountingIds()))

    await client.aclose()
    await client.aclose()


async def test_many_short_answers_in_a_row(ollama_server: OllamaServer, model: OllamaLanguageModel) -> None:
    ollama_server.answer_always(saying("a", "b"))

    assert [(await read(model)).text for _ in range(50)] == ["ab"] * 50


async def test_a_line_without_end_is_an_error_before_it_takes_all_memory(
    ollama_server: OllamaServer, model: OllamaLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.ollama.lines.LONGEST_LINE", 1_000_000)
    ollama_server.answer_next(Reply([Piece("a"), *[Raw(b"x" * 100_000)] * 20, Silence()]))

    async with asyncio.timeout(20):
        reading = await read(model)

    assert reading.text == "a"
    assert isinstance(reading.error, ModelServerFailed)


@pytest.mark.parametrize("blocks", [[b'{"a": 1}\n'], [b'{"a"', b": 1}\n"], [b" \n", b'\r\n{"a": 1}', b"\n\n"]])
def test_lines_are_whole_and_none_is_blank(blocks: list[bytes]) -> None:
    lines = Lines()
    assert [line.strip() for block in blocks for line in lines.feed(block)] == [b'{"a": 1}']
    assert lines.end() == b""
