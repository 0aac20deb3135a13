"""Messages of a history ⇄ JSON objects of a session file (contract, sections 4 and 10).

The older readers of these files refuse a message with a field that they do not know. So `done_reason` and `images`
are written only where they say something, and a result's `tool_call_id` only where the order of the calls would not
tell it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import blake2b

from adapters.codec.errors import NotDecodable
from adapters.codec.fields import (
    RawObject,
    read_list,
    read_object,
    read_optional_count,
    read_optional_text,
    read_text,
    read_texts,
    read_time,
    rest_of,
    write_time,
)
from domain.json_value import JsonValue
from domain.message import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage, UserMessage

_COMMON = frozenset({"role", "content", "message_id", "timestamp"})
_SYSTEM = _COMMON | {"source_file"}
_USER = _COMMON | {"images"}
_ASSISTANT = _COMMON | {"model", "thinking", "tool_calls", "eval_count", "prompt_eval_count", "done_reason"}
_TOOL = _COMMON | {"tool_name", "tool_call_id"}


class CallOrder:
    """Which call the next tool message answers, as told by the order of the messages."""

    def __init__(self, messages: Sequence[Message] = ()) -> None:
        """`messages` is the history so far."""
        self._open: list[str] = []
        start = len(messages)
        while start and isinstance(messages[start - 1], ToolMessage):
            start -= 1
        for message in messages[max(start - 1, 0) :]:
            self.add(message)

    @property
    def next_call_id(self) -> str | None:
        return self._open[0] if self._open else None

    def add(self, message: Message) -> None:
        if isinstance(message, AssistantMessage):
            self._open = [call.call_id for call in message.tool_calls]
        elif not isinstance(message, ToolMessage):
            self._open = []
        elif message.tool_call_id in self._open:
            self._open.remove(message.tool_call_id)


def encode_messages(messages: Iterable[Message], order: CallOrder) -> Iterator[RawObject]:
    """`order` knows the messages that stand before these."""
    for message in messages:
        raw = encode_message(message)
        if isinstance(message, ToolMessage) and message.tool_call_id != order.next_call_id:
            raw["tool_call_id"] = message.tool_call_id
        order.add(message)
        yield raw


def encode_message(message: Message) -> RawObject:
    """All of `message` but the id of the call that a tool message answers."""
    raw: RawObject = {
        "role": message.role,
        "content": message.content,
        "message_id": message.message_id,
        "timestamp": write_time(message.timestamp),
    }
    match message:
        case AssistantMessage():
            _encode_assistant(message, raw)
        case ToolMessage():
            raw["tool_name"] = message.tool_name
        case UserMessage():
            if message.images:
                raw["images"] = message.images
        case SystemMessage():
            raw["source_file"] = message.source_file
    if message.extra:
        raw.update(message.extra)
    return raw


def _encode_assistant(message: AssistantMessage, raw: RawObject) -> None:
    raw["model"] = message.model
    raw["eval_count"] = message.eval_count
    raw["prompt_eval_count"] = message.prompt_eval_count
    if message.thinking is not None:
        raw["thinking"] = message.thinking
    if message.tool_calls:
        raw["tool_calls"] = [
            {"id": call.call_id, "function": {"name": call.tool_name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.done_reason != "stop":
        raw["done_reason"] = message.done_reason


def decode_messages(value: JsonValue, *, session_id: str, written_at: datetime) -> tuple[Message, ...]:
    """`written_at` is the time of messages that carry none. Raises NotDecodable."""
    order = CallOrder()
    messages: list[Message] = []
    for index, raw in enumerate(read_list(value, "messages")):
        try:
            message = _decode(raw, f"{session_id}/{index}", written_at, order)
        except NotDecodable as error:
            raise NotDecodable(f"message {index}: {error.reason}") from None
        order.add(message)
        messages.append(message)
    return tuple(messages)


def _decode(value: JsonValue, seed: str, written_at: datetime, order: CallOrder) -> Message:
    if not isinstance(value, dict):
        raise NotDecodable("it is not an object")
    timestamp = value.get("timestamp")
    time = written_at if timestamp is None else read_time(timestamp, "timestamp")
    message_id = read_text(value.get("message_id"), "message_id") or derived_id(seed)
    content = read_text(value.get("content"), "content")
    match value.get("role"):
        case "user":
            return UserMessage(
                message_id=message_id,
                timestamp=time,
                content=content,
                images=read_texts(value.get("images"), "images"),
                extra=rest_of(value, _USER),
            )
        case "assistant":
            return _decode_assistant(value, message_id, time, content)
        case "tool":
            given = value.get("tool_call_id", order.next_call_id)
            return ToolMessage(
                message_id=message_id,
                timestamp=time,
                content=content,
                tool_name=read_text(value.get("tool_name"), "tool_name"),
                tool_call_id=read_optional_text(given, "tool_call_id"),
                extra=rest_of(value, _TOOL),
            )
        case "system":
            return SystemMessage(
                message_id=message_id,
                timestamp=time,
                content=content,
                source_file=read_optional_text(value.get("source_file"), "source_file"),
                extra=rest_of(value, _SYSTEM),
            )
    raise NotDecodable("its role is unknown")


def _decode_assistant(raw: RawObject, message_id: str, timestamp: datetime, content: str) -> AssistantMessage:
    calls = raw.get("tool_calls")
    return AssistantMessage(
        message_id=message_id,
        timestamp=timestamp,
        content=content,
        model=read_optional_text(raw.get("model"), "model"),
        thinking=read_optional_text(raw.get("thinking"), "thinking"),
        tool_calls=_decode_calls(calls, message_id) if calls else (),
        eval_count=read_optional_count(raw.get("eval_count"), "eval_count"),
        prompt_eval_count=read_optional_count(raw.get("prompt_eval_count"), "prompt_eval_count"),
        done_reason=read_text(raw.get("done_reason"), "done_reason") or "stop",
        extra=rest_of(raw, _ASSISTANT),
    )


def decode_assistant_message(raw: RawObject) -> AssistantMessage:
    """An answer as `encode_message` wrote it. Raises NotDecodable."""
    message_id = read_text(raw.get("message_id"), "message_id")
    time = read_time(raw.get("timestamp"), "timestamp")
    return _decode_assistant(raw, message_id, time, read_text(raw.get("content"), "content"))


def _decode_calls(value: JsonValue, message_id: str) -> tuple[ToolCall, ...]:
    calls = []
    for index, item in enumerate(read_list(value, "tool_calls")):
        call = read_object(item, "a tool call")
        function = read_object(call.get("function"), "a tool call's function")
        calls.append(
            ToolCall(
                call_id=read_text(call.get("id"), "a tool call's id") or derived_id(f"{message_id}/{index}"),
                tool_name=read_text(function.get("name"), "a tool call's name"),
                arguments=read_object(function.get("arguments"), "a tool call's arguments"),
            )
        )
    return tuple(calls)


def derived_id(seed: str) -> str:
    """The id of what an older writer left without one: the same at each reading."""
    return blake2b(seed.encode(errors="replace"), digest_size=5).hexdigest()
