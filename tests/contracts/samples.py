"""Sessions and messages of every kind, as stores must keep them."""

from datetime import UTC, datetime, timedelta

from domain.context_window import Adjustment, ContextWindowConfig
from domain.message import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage, UserMessage
from domain.session import AgentSettings, Session, Summary, ToolSettings

NOON = datetime(2026, 3, 4, 12, 0, 0, 1, tzinfo=UTC)
ODD_TEXTS = (
    "",
    "\0 NUL and \x01 and \x7f",
    "lines\nand\r\nreturns\r and \u2028 and \u2029 and \x85",
    'quotes " \\ and {"json": [1]} and </script>',
    "🍡 餅 もち e\u0301 \ufeff \ufffd \uffff \U0010ffff",
    " leading and trailing \t",
    "long " * 20_000,
)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def session(number: int, *messages: Message, updated: float = 0.0, model: str = "llama3.2:3b") -> Session:
    return Session(
        session_id=f"{number:010x}", model=model, created_at=NOON, updated_at=after(updated), messages=messages
    )


def user(number: int, content: str = "Hello") -> UserMessage:
    return UserMessage(message_id=f"{number:010x}", timestamp=after(number), content=content)


def assistant(number: int, content: str = "Hi", *calls: ToolCall) -> AssistantMessage:
    return AssistantMessage(
        message_id=f"{number:010x}", timestamp=after(number), content=content, model="llama3.2:3b", tool_calls=calls
    )


def tool(number: int, call_id: str | None, content: str = "42") -> ToolMessage:
    return ToolMessage(
        message_id=f"{number:010x}",
        timestamp=after(number),
        content=content,
        tool_name="add",
        tool_call_id=call_id,
    )


def call(call_id: str) -> ToolCall:
    return ToolCall(call_id=call_id, tool_name="add", arguments={"a": 1, "b": [True, None, 1.5, {"c": "é\0"}]})


def conversation_with_tools() -> tuple[Message, ...]:
    """An ordinary conversation: a prompt, two calls with their results, an answer."""
    return (
        SystemMessage(message_id="a" * 10, timestamp=NOON, content="Be kind.", source_file="kind.md"),
        user(1, "What is 1 + 1?"),
        assistant(2, "", call("call_1"), call("call_2")),
        tool(3, "call_1"),
        tool(4, "call_2"),
        AssistantMessage(
            message_id="b" * 10,
            timestamp=after(5),
            content="It is 2.",
            model="llama3.2:3b",
            thinking="Let me see.",
            eval_count=12,
            prompt_eval_count=345,
        ),
    )


def rich_session() -> Session:
    """A session in which nothing has its default."""
    adjustment = Adjustment(
        timestamp=NOON, reason="usage_threshold", previous_window=8192, new_window=16384, extra={"by": "x"}
    )
    odd_messages = (
        UserMessage(
            message_id="c" * 10, timestamp=after(6), content="Look", images=("aGVsbG8=", "eHl6"), extra={"mood": [1]}
        ),
        AssistantMessage(
            message_id="d" * 10,
            timestamp=after(7),
            content="I se",
            model=None,
            done_reason="cancelled",
            extra={"rating": {"stars": 5, "note": None}},
        ),
        assistant(8, "", call("x"), call("y"), call("z")),
        tool(9, "z"),
        tool(10, None),
        tool(11, "y"),
        tool(12, "elsewhere"),
    )
    return Session(
        session_id="0123456789",
        model="qwen3:8b",
        created_at=NOON,
        updated_at=after(60),
        messages=(*conversation_with_tools(), *odd_messages),
        summary=Summary(summary="Sums were made.", topics=("sums", "加算"), model="tiny:1b", extra={"seen": True}),
        summary_model="tiny:1b",
        tool_settings=ToolSettings(
            tools=("add",), execution_policy="never_confirm", tool_policies={"add": "always_confirm"}, extra={"t": 1}
        ),
        agent_settings=AgentSettings(enabled_agents=("cook",), extra={"a": None}),
        context_window=ContextWindowConfig(
            dynamic_enabled=False,
            current_window=16384,
            manual_override=True,
            last_adjustment=adjustment,
            adjustment_history=(adjustment,),
            extra={"w": "x"},
        ),
        agent_name="cook",
        extra={"title": "Sums", "tags": ["a", {"b": 1.5}]},
        beside={"written_by": {"program": "x"}, "z": None, "a": [1]},
    )
