"""Messages as answers show them, by role; and the edit of one."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from entrypoints.http.schemas.base import AnswerModel, RequestModel, Text

Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-01-02T03:04:05.678901Z"])]


class CalledFunction(AnswerModel):
    name: str
    arguments: dict[str, JsonValue]


class ToolCall(AnswerModel):
    id: str
    function: CalledFunction


class SystemMessage(AnswerModel):
    role: Literal["system"]
    content: str = Field(description="The text.", examples=["You are a pirate."])
    message_id: str
    timestamp: Timestamp
    source_file: str | None = Field(description="The prompt file that the text came from.")


class UserMessage(AnswerModel):
    role: Literal["user"]
    content: str = Field(description="The text.", examples=["Why is the sky blue?"])
    message_id: str
    timestamp: Timestamp
    images: list[str] = Field(description="Pictures in base64.")


class AssistantMessage(AnswerModel):
    role: Literal["assistant"]
    content: str
    message_id: str
    timestamp: Timestamp
    model: str | None
    eval_count: int | None = Field(description="Tokens of the answer.")
    prompt_eval_count: int | None = Field(description="Tokens of what the model read.")
    thinking: str | None
    tool_calls: list[ToolCall]
    done_reason: str = Field(description="`stop` or `length`, or why it was cut: `cancelled`, `error`, `interrupted`.")


class ToolMessage(AnswerModel):
    role: Literal["tool"]
    content: str
    message_id: str
    timestamp: Timestamp
    tool_name: str
    tool_call_id: str | None


Message = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage,
    Field(discriminator="role"),
]


class WireMessage(AnswerModel):
    """A message as it goes to a model; what says nothing is left out."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    images: list[str] = Field(default_factory=list, description="Pictures in base64.")
    thinking: str = ""
    tool_calls: list[ToolCall] = Field(default_factory=list)
    tool_name: str = ""
    tool_call_id: str = ""


class MessageList(AnswerModel):
    messages: list[Message]


class MessageEdit(RequestModel):
    content: Text = Field(description="What the message says from now on.", examples=["Why is the sky red at dusk?"])
