"""What is asked of a chat, and the answer that comes when all is done."""

import binascii
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, FailFast, Field, JsonValue, model_validator

from domain.context_window import AdjustmentReason
from domain.run import ChatRequest, IfBusy, OnDisconnect, Think
from entrypoints.http.schemas.base import AnswerModel, RequestModel
from entrypoints.http.schemas.messages import Timestamp, ToolCall

EFFORTS = ("low", "medium", "high")


def _decodable(image: str) -> str:
    """Only what decodes is a picture: a path or an address would be opened by whoever takes it for one."""
    try:
        decoded = binascii.a2b_base64(image.encode(), strict_mode=True)
    except ValueError:
        decoded = b""
    if not decoded:
        raise ValueError("A picture must be plain base64: no data URL, no path, no line breaks.")
    return image


def _known_effort(think: object) -> object:
    """Said here once, as Pydantic would tell of each kind of value by itself."""
    if not isinstance(think, bool) and think not in EFFORTS:
        raise ValueError("It must be true, false, `low`, `medium` or `high`.")
    return think


def _without_num_ctx(options: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if "num_ctx" in options:
        raise ValueError("`num_ctx` is the server's: fix it with `context_window` of the session.")
    return options


_BASE64 = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
Image = Annotated[
    str,
    AfterValidator(_decodable),
    Field(json_schema_extra={"contentEncoding": "base64", "pattern": _BASE64, "minLength": 4}),
]
# What `_fits_together` checks, for the document.
_APART: JsonValue = [
    {
        "required": ["regenerate", "message"],
        "properties": {"regenerate": {"const": True}, "message": {"type": "string"}},
    },
    {"required": ["images"], "properties": {"images": {"minItems": 1}, "message": {"type": "null"}}},
    {"required": ["message"], "properties": {"message": {"const": ""}, "images": {"maxItems": 0}}},
]


class ChatBody(RequestModel):
    """What to answer, and how. Without a `message`, what is there is answered or continued."""

    model_config = ConfigDict(json_schema_extra={"not": {"anyOf": _APART}})

    message: str | None = Field(
        default=None,
        description="What the person says. Null: answer, or continue, what is there.",
        examples=["Why is the sky blue?"],
    )
    regenerate: bool = Field(default=False, description="Drop what follows the last user message and answer it again.")
    think: Annotated[Think, BeforeValidator(_known_effort)] = False
    images: Annotated[list[Image], FailFast()] = Field(default_factory=list)
    options: Annotated[dict[str, JsonValue], AfterValidator(_without_num_ctx)] | None = Field(
        default=None,
        description="Model options, passed on; never `num_ctx`, which the server sizes.",
        examples=[{"temperature": 0.2}],
        json_schema_extra={"propertyNames": {"not": {"const": "num_ctx"}}},
    )
    format: dict[str, JsonValue] | None = Field(default=None, description="A JSON schema that the answer must satisfy.")
    on_disconnect: OnDisconnect = Field(default="cancel", description="What becomes of the run with no reader left.")
    if_busy: IfBusy = Field(default="reject", description="What becomes of the request while another run is at work.")

    @model_validator(mode="after")
    def _fits_together(self) -> "ChatBody":
        if self.regenerate and self.message is not None:
            raise ValueError("`regenerate` answers the last user message again: leave `message` out.")
        if self.images and self.message is None:
            raise ValueError("`images` go with a `message`.")
        if self.message == "" and not self.images:
            raise ValueError("The `message` is empty. Leave it out to have what is there answered or continued.")
        return self

    def to_domain(self) -> ChatRequest:
        return ChatRequest(
            message=self.message,
            images=tuple(self.images),
            regenerate=self.regenerate,
            think=self.think,
            options=self.options,
            format=self.format,
            on_disconnect=self.on_disconnect,
            if_busy=self.if_busy,
        )


class AnswerMessage(AnswerModel):
    """All null, with no text, where the run was cut before it had any, or an edit has dropped the message since."""

    role: Literal["assistant"]
    content: str
    thinking: str | None
    model: str | None
    message_id: str | None
    timestamp: Timestamp | None
    eval_count: int | None
    prompt_eval_count: int | None
    tool_calls: list[ToolCall]
    done_reason: str


class ExecutedCall(AnswerModel):
    tool_name: str
    arguments: dict[str, JsonValue]
    success: bool
    result: str | None


class WindowUse(AnswerModel):
    """In tokens; `current_window` is null where none was asked for."""

    current_window: int | None
    usage_tokens: int
    reason: AdjustmentReason
    messages_left_out: int


class ChatAnswer(AnswerModel):
    session_id: str
    run_id: str
    message: AnswerMessage
    warnings: list[str]
    tool_calls_executed: list[ExecutedCall]
    context_window: WindowUse
