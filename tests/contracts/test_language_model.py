"""What every language model must do, whatever answers behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from application.ports.language_model import ModelChunk, ModelEnd, ModelRequest
from domain.errors import ModelNotFound, ModelServerFailed
from domain.message import AssistantMessage, Message, SystemMessage, ToolCall, UserMessage
from domain.run import Think
from tests.contracts.model_subjects import SUBJECTS, Script, Subject

AT = datetime(2026, 1, 2, tzinfo=UTC)
QUESTION = UserMessage(message_id="00000000aa", timestamp=AT, content="Tell me a short story, please.")


@pytest.fixture(params=SUBJECTS)
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    async with SUBJECTS[request.param]() as opened:
        yield opened


@pytest.fixture
def answer_next(subject: Subject) -> Callable[[Script], None]:
    if subject.answer_next is None:
        pytest.skip("this model's answers are its own")
    return subject.answer_next


def asking(model: str, *messages: Message, think: Think | None = None) -> ModelRequest:
    return ModelRequest(model=model, messages=messages or (QUESTION,), think=think)


async def chunks_of(subject: Subject, request: ModelRequest | None = None) -> list[ModelChunk]:
    chunks: list[ModelChunk] = []
    await subject.model.stream(request or asking(subject.chat_model), chunks.append)
    return chunks


def text_of(chunks: list[ModelChunk]) -> str:
    return "".join(chunk.content for chunk in chunks)


async def test_an_answer_has_text_and_ends_with_its_only_end(subject: Subject) -> None:
    chunks = await chunks_of(subject)

    assert text_of(chunks)
    assert [chunk.end is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


async def test_the_end_counts_tokens(subject: Subject) -> None:
    end = (await chunks_of(subject))[-1].end

    assert end is not None
    assert end.done_reason == "stop"
    assert end.prompt_eval_count is not None
    assert end.prompt_eval_count > 0
    assert end.eval_count is not None
    assert end.eval_count > 0


async def test_an_unknown_model_is_not_found(subject: Subject) -> None:
    with pytest.raises(ModelNotFound) as raised:
        await chunks_of(subject, asking("nobody/knows:this"))

    assert raised.value.details["model"] == "nobody/knows:this"


@pytest.mark.parametrize("think", [True, "low", "medium", "high"])
async def test_a_thinking_model_thinks_first_where_asked(subject: Subject, think: Think) -> None:
    if subject.thinking_model is None:
        pytest.skip("no model of it thinks")

    chunks = await chunks_of(subject, asking(subject.thinking_model, think=think))

    kinds = [bool(chunk.thinking) for chunk in chunks if chunk.thinking or chunk.content]
    assert kinds == sorted(kinds, reverse=True)
    assert kinds[0] is True
    assert kinds[-1] is False


async def test_a_thinking_model_that_is_told_not_to_does_not_think(subject: Subject) -> None:
    if subject.thinking_model is None:
        pytest.skip("no model of it thinks")

    chunks = await chunks_of(subject, asking(subject.thinking_model, think=False))

    assert text_of(chunks)
    assert not any(chunk.thinking for chunk in chunks)


async def test_an_answer_that_was_begun_is_continued(subject: Subject) -> None:
    begun = AssistantMessage(message_id="00000000ab", timestamp=AT, content="Once upon", model=subject.chat_model)

    assert text_of(await chunks_of(subject, asking(subject.chat_model, QUESTION, begun)))


async def test_a_system_prompt_and_a_long_history_are_taken(subject: Subject) -> None:
    system = SystemMessage(message_id="00000000ac", timestamp=AT, content="Be brief.")
    answer = AssistantMessage(message_id="00000000ad", timestamp=AT, content="Yes.", model=subject.chat_model)
    turns: list[Message] = [QUESTION, answer] * 20

    assert text_of(await chunks_of(subject, asking(subject.chat_model, system, *turns, QUESTION)))


async def test_many_are_answered_at_once(subject: Subject) -> None:
    answers = await asyncio.gather(*(chunks_of(subject) for _ in range(10)))

    assert all(chunks[-1].end for chunks in answers)


async def test_an_answer_may_be_left_at_any_time(subject: Subject) -> None:
    seen: list[ModelChunk] = []
    has_begun = asyncio.Event()

    def begin(chunk: ModelChunk) -> None:
        seen.append(chunk)
        has_begun.set()

    task = asyncio.create_task(subject.model.stream(asking(subject.chat_model), begin))
    await has_begun.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    seen_when_left = len(seen)

    if subject.wait_until_idle:
        await subject.wait_until_idle()
    assert len(seen) == seen_when_left
    assert text_of(await chunks_of(subject))


@pytest.mark.parametrize("error", [ZeroDivisionError(), ValueError(), TypeError()])
async def test_an_error_of_the_listener_is_the_listeners(subject: Subject, error: Exception) -> None:
    heard: list[ModelChunk] = []

    def stumble(chunk: ModelChunk) -> None:
        heard.append(chunk)
        raise error

    with pytest.raises(type(error)) as raised:
        await subject.model.stream(asking(subject.chat_model), stumble)

    assert raised.value is error
    assert len(heard) == 1
    if subject.wait_until_idle:
        await subject.wait_until_idle()


async def test_pieces_come_as_they_were_sent(subject: Subject, answer_next: Callable[[Script], None]) -> None:
    sent = ["one", " ", "two\n", "", "\u2028", "\x00", "😀", "<&>", " three"]
    answer_next([*(ModelChunk(text) for text in sent), ModelChunk(end=ModelEnd("length", 7, 9))])

    chunks = await chunks_of(subject)

    assert [chunk.content for chunk in chunks] == [*sent, ""]
    end = chunks[-1].end
    assert end
    assert (end.done_reason, end.prompt_eval_count, end.eval_count) == ("length", 7, 9)


async def test_tool_calls_may_ride_in_any_chunk(subject: Subject, answer_next: Callable[[Script], None]) -> None:
    calls = [
        ToolCall(call_id=f"call_{number}", tool_name="look", arguments={"at": {"number": number, "all": [True, None]}})
        for number in range(4)
    ]
    answer_next(
        [
            ModelChunk("Let me look.", tool_calls=(calls[0],)),
            ModelChunk(tool_calls=(calls[1], calls[2])),
            ModelChunk("", tool_calls=(calls[3],), end=ModelEnd("stop", 1, 1)),
        ]
    )

    chunks = await chunks_of(subject)

    assert [list(chunk.tool_calls) for chunk in chunks] == [[calls[0]], [calls[1], calls[2]], [calls[3]]]
    assert chunks[-1].end


async def test_the_last_chunk_may_hold_text(subject: Subject, answer_next: Callable[[Script], None]) -> None:
    answer_next([ModelChunk("all", end=ModelEnd("stop", 1, 1))])

    assert [(chunk.content, chunk.end is not None) for chunk in await chunks_of(subject)] == [("all", True)]


@pytest.mark.parametrize("pieces", [[], ["some", " text"]])
async def test_an_answer_that_stops_without_an_end_has_failed(
    subject: Subject, answer_next: Callable[[Script], None], pieces: list[str]
) -> None:
    answer_next([ModelChunk(text) for text in pieces])

    await assert_failure_after(subject, pieces)


@pytest.mark.parametrize("pieces", [[], ["some", " text"]])
async def test_an_error_of_the_server_is_told_in_its_words(
    subject: Subject, answer_next: Callable[[Script], None], pieces: list[str]
) -> None:
    answer_next([*(ModelChunk(text) for text in pieces), ModelServerFailed("out of memory, said the server")])

    failure = await assert_failure_after(subject, pieces)

    assert "out of memory, said the server" in failure.message


async def assert_failure_after(subject: Subject, pieces: list[str]) -> ModelServerFailed:
    seen: list[ModelChunk] = []
    with pytest.raises(ModelServerFailed) as raised:
        await subject.model.stream(asking(subject.chat_model), seen.append)
    assert [chunk.content for chunk in seen] == pieces
    assert raised.value.retryable
    return raised.value
