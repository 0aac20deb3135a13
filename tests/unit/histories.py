"""Messages and sessions for tests, with as little said of them as a test needs."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from domain.message import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage, UserMessage
from domain.session import Session

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 4, 0, 0, 1, tzinfo=UTC)


def system(content: str = "Be brief.", *, message_id: str = "00000000aa", source_file: str | None = None) -> Message:
    return SystemMessage(message_id=message_id, timestamp=AT, content=content, source_file=source_file)


def user(content: str = "Hello", *, message_id: str = "00000000b1", images: tuple[str, ...] = ()) -> Message:
    return UserMessage(message_id=message_id, timestamp=AT, content=content, images=images)


def assistant(
    content: str = "Hi",
    *,
    message_id: str = "00000000c1",
    calls: tuple[ToolCall, ...] = (),
    prompt_eval_count: int | None = None,
    eval_count: int | None = None,
) -> AssistantMessage:
    return AssistantMessage(
        message_id=message_id,
        timestamp=AT,
        content=content,
        model="llama",
        tool_calls=calls,
        prompt_eval_count=prompt_eval_count,
        eval_count=eval_count,
    )


def call(call_id: str, tool_name: str = "weather") -> ToolCall:
    return ToolCall(call_id=call_id, tool_name=tool_name, arguments={"city": "Oslo"})


def result(call_id: str | None, content: str = "rain", *, message_id: str = "00000000d1") -> ToolMessage:
    return ToolMessage(message_id=message_id, timestamp=AT, content=content, tool_name="weather", tool_call_id=call_id)


def session(*messages: Message, session_id: str = "00000000ff", model: str = "llama") -> Session:
    return Session(session_id=session_id, model=model, created_at=AT, updated_at=AT, messages=messages)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Message, ...]:
    """Histories as users' files may hold them: with calls that lack results, and results that fit no call."""
    messages: list[Message] = [system()] if draw(st.booleans()) else []
    for turn in range(draw(st.integers(0, 4))):
        messages.append(user(message_id=f"a{turn:09x}"))
        calls = tuple(map(call, draw(st.lists(st.sampled_from("xyz"), max_size=3))))
        messages.append(assistant(message_id=f"b{turn:09x}", calls=calls))
        for number, call_id in enumerate(draw(st.lists(st.sampled_from(("x", "y", "z", "?", None)), max_size=4))):
            messages.append(result(call_id, message_id=f"c{turn:08x}{number}"))
    return tuple(messages)
