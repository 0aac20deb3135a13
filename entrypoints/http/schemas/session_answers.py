"""Sessions as answers show them."""

from typing import Literal

from pydantic import Field, JsonValue

from domain.context_window import AdjustmentReason
from domain.session import ExecutionPolicy
from entrypoints.http.schemas.base import AnswerModel
from entrypoints.http.schemas.messages import Message, Timestamp, WireMessage
from entrypoints.http.schemas.runs import Run


class ToolSettings(AnswerModel):
    tools: list[str]
    execution_policy: ExecutionPolicy
    tool_policies: dict[str, ExecutionPolicy]


class AgentSettings(AnswerModel):
    enabled_agents: list[str]


class Summary(AnswerModel):
    summary: str = Field(description="Some sentences, five at most.", examples=["They speak of the weather in Kyoto."])
    topics: list[str]


class ContextWindow(AnswerModel):
    """In tokens."""

    dynamic_enabled: bool = Field(description="Whether the server sizes windows by itself.")
    current_window: int | None = Field(description="Null until a run or a person has set one.")
    model_max_context: int | None = Field(description="Null while the model's server does not tell.")
    last_adjustment_reason: AdjustmentReason | None
    manual_override: bool
    usage_tokens: int = Field(description="As counted with the last answer, and estimated for what is new.")
    messages_left_out: int = Field(description="The oldest messages that the last run went without.")
    reloads: int = Field(description="How often runs of the session had a loaded model loaded anew, since the start.")
    estimate_error: float | None = Field(
        description="How far estimates of this model's tokens were off lately, as a part of 1. Null before the first."
    )


class SessionFields(AnswerModel):
    session_id: str
    model: str
    created_at: Timestamp
    updated_at: Timestamp
    message_count: int
    tool_settings: ToolSettings
    agent_settings: AgentSettings
    summary: Summary | None
    summary_model: str | None


class Session(SessionFields):
    context_window: ContextWindow
    messages: list[Message]
    warnings: list[str] = Field(description="Tools and agents that the session goes on without.")


class SessionOverview(SessionFields):
    preview: str = Field(description="The beginning of the first user message, at most 100 characters.")


class SessionList(AnswerModel):
    sessions: list[SessionOverview]
    next_cursor: str | None = Field(description="Null on the last page.")


class SystemPrompt(AnswerModel):
    content: str = Field(description="The text.", examples=["You are a pirate."])
    source_file: str | None
    message_index: Literal[0]


class Prompt(AnswerModel):
    """Messages and tools in the form of Ollama's /api/chat."""

    model: str
    messages: list[WireMessage]
    tools: list[dict[str, JsonValue]]
    num_ctx: int | None = Field(description="The window that would be asked for; null where none would be.")
    estimated_tokens: int
    messages_left_out: int
    fits: bool = Field(description="Whether the estimate stays within the window.")


class SessionStatus(AnswerModel):
    session_id: str
    model: str
    message_count: int
    context_window: ContextWindow
    tools_enabled: bool
    active_tools: list[str]
    execution_policy: ExecutionPolicy
    agents_enabled: bool
    enabled_agents: list[str]
    system_prompt_file: str | None
    summary: Summary | None
    summary_model: str | None
    run: Run | None = Field(description="The run at work.")
