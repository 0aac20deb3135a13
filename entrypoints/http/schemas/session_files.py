"""Session files, as they go out and come in (contract, section 10)."""

from typing import Annotated, Literal

from pydantic import ConfigDict, FailFast, Field

from domain.context_window import AdjustmentReason
from entrypoints.http.schemas.base import AnswerModel, RequestModel
from entrypoints.http.schemas.messages import Timestamp
from entrypoints.http.schemas.session_answers import AgentSettings, Summary, ToolSettings


class SessionFile(RequestModel):
    """A session file of any version; what is not known of it survives."""

    model_config = ConfigDict(extra="allow")

    metadata: dict[str, object] = Field(
        examples=[{"session_id": "d92727872d", "model": "qwen3:8b", "format_version": "1.4"}],
        json_schema_extra={
            "required": ["session_id"],
            "properties": {"session_id": {"type": "string", "minLength": 1}},
        },
    )
    messages: Annotated[list[dict[str, object]], FailFast()] = Field(
        examples=[[{"role": "user", "content": "Why is the sky blue?"}]]
    )


class ExportedAdjustment(AnswerModel):
    """A change of the window, in tokens."""

    timestamp: Timestamp
    reason: AdjustmentReason
    previous_window: int | None
    new_window: int


class ExportedWindow(AnswerModel):
    dynamic_enabled: bool
    current_window: int | None
    last_adjustment: ExportedAdjustment | None
    adjustment_history: list[ExportedAdjustment]
    manual_override: bool


class ExportedMetadata(AnswerModel):
    session_id: str
    model: str
    created_at: Timestamp
    updated_at: Timestamp
    message_count: int
    summary: Summary | None
    summary_model: str | None
    format_version: Literal["1.4"]
    tool_settings: ToolSettings
    agent_settings: AgentSettings
    context_window_config: ExportedWindow


class ExportedSession(AnswerModel):
    """A session file of the newest version. Messages are as in answers, but for fields that would say nothing; fields
    of other programs are there too."""

    metadata: ExportedMetadata
    messages: list[dict[str, object]]
