"""The four kinds of message that a history is made of."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from domain.json_value import JsonObject

DONE_REASONS_OF_A_CUT = frozenset({"cancelled", "error", "interrupted"})
"""The `done_reason`s of an answer that its run did not finish; the model's own are `stop` and `length`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A model's wish to have a tool run. `call_id` is the model's own id, or one of ours where it gave none."""

    call_id: str
    tool_name: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemMessage:
    """Always the first message of a history, where there is one. `source_file` names the prompt file it came from."""

    message_id: str
    timestamp: datetime
    content: str
    source_file: str | None = None
    extra: JsonObject = field(default_factory=dict)
    role: Literal["system"] = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage:
    """`images` are base64 text, as they came and as Ollama takes them."""

    message_id: str
    timestamp: datetime
    content: str
    images: tuple[str, ...] = ()
    extra: JsonObject = field(default_factory=dict)
    role: Literal["user"] = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantMessage:
    """What a model said. Counts are tokens as the model's server counted them, None where it did not say."""

    message_id: str
    timestamp: datetime
    content: str
    model: str | None
    thinking: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    eval_count: int | None = None
    prompt_eval_count: int | None = None
    done_reason: str = "stop"
    extra: JsonObject = field(default_factory=dict)
    role: Literal["assistant"] = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolMessage:
    """The result of one call, as text for the model. `tool_call_id` is the `call_id` that it answers."""

    message_id: str
    timestamp: datetime
    content: str
    tool_name: str
    tool_call_id: str | None = None
    extra: JsonObject = field(default_factory=dict)
    role: Literal["tool"] = "tool"


Message: TypeAlias = SystemMessage | UserMessage | AssistantMessage | ToolMessage
