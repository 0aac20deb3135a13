"""Ten thousand texts that break careless writers of streams, through ours and back."""

import random
from collections.abc import Iterator

import orjson

from application.ports.run_log import LogEntry
from domain.run_event import ContentDelta, RunEvent, ThinkingDelta, ToolCallBegun, ToolResult
from entrypoints.http.open_stream import frame_of
from tests.fakes.scripted_model import saying
from tests.http.bench import Client, HttpBench
from tests.http.event_reader import read_events

RUN_ID = "00000000000000aa"
COUNT = 10_000
PIECES = [
    *("\0", "\r", "\n", "\r\n", "\n\n", "\r\n\r\n", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x7f"),
    *("data:", "data: x\n\n", "id: 9\n", "event: done\n", ":", "retry: 1\n", "\ufeff", "\ufffe", "\uffff"),
    *("\ud800", "\udfff", "\udc00\ud800", "\ud83d", "\ude00", "\U0001f600", "\U0010ffff", "e\u0301", "\u202e"),
    *('"', "\\", "\\u0000", "\\ud800", "{}", "]]>", "</script>", "<!--", "%0d%0a", "\x1b[2J", " ", "\t", "a", "ü"),
]
TEXTS = ["".join(random.Random(number).choices(PIECES, k=number % 12 + 1)) for number in range(COUNT)]  # noqa: S311 - chosen anew each time in the same way


def as_told(text: str) -> str:
    """What the contract makes of half a character that a model or a tool writes; all else comes as it was."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def carriers_of(text: str) -> Iterator[tuple[RunEvent, str]]:
    """Events that can hold `text`, and the field that does."""
    yield ContentDelta(text), "content"
    yield ThinkingDelta(text), "content"
    yield ToolCallBegun(tool_name=text, arguments={text: text}, call_index=0, tool_call_id="call_1"), "tool_name"
    yield (
        ToolResult(
            tool_name="echo",
            success=True,
            result=text,
            error_message=None,
            error_code=None,
            execution_time=0.1,
            call_index=0,
            tool_call_id="call_1",
        ),
        "result",
    )


def test_every_text_is_one_event_and_comes_back() -> None:
    for number, text in enumerate(TEXTS):
        for event, field in carriers_of(text):
            (read,) = read_events(frame_of(RUN_ID, LogEntry(number, event)))
            assert (read.name, read.event_id) == (event.name, f"{RUN_ID}:{number}")
            assert orjson.loads(read.data)[field] == as_told(text), ascii(text)


async def test_a_model_that_says_them_all_breaks_no_stream(client: Client, bench: HttpBench) -> None:
    session = await bench.keep()
    bench.model.reply_next(saying(*TEXTS))
    answer = await client.post(f"/api/v1/chat/{session.session_id}/stream", json={"message": "Go on"})
    events = read_events(await answer.read())
    pieces = [orjson.loads(event.data)["content"] for event in events if event.name == "content_delta"]
    assert pieces == [as_told(text) for text in TEXTS]
    assert events[-1].name == "done"
    assert orjson.loads(events[-1].data)["status"] == "completed"
    stored = await client.get(f"/api/v1/sessions/{session.session_id}/messages")
    assert (await stored.json())["messages"][-1]["content"] == as_told("".join(TEXTS))
