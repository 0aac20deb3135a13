"""Sessions as answers show them."""

from typing import Literal

from pydantic import Field

from domain.context_window import AdjustmentReason
from domain.session import ExecutionPolicy
from entrypoints.http.schemas.base import AnswerModel
from entrypoints.http.schemas.messages import Message, Timestamp
from entrypoints.http.schemas.runs import Run


class ToolSettings(AnswerModel):
    tools: list[str]
    execution_policy: ExecutionPolicy
    tool_policies: dict[str, ExecutionPolicy]


class AgentSettings(AnswerModel):
    enabled_agents: list[str]


class Summary(AnswerModel):
    summary: str
    topics: list[str]


class ContextWindow(AnswerModel):
    """In tokens."""

    dynamic_enabled: bool = Field(description="Whether the server sizes windows by itself.")
    current_window: int | None = Field(description="Null until a run or a person has set one.")
    model_max_context: int | None = Field(description="Null while the model's server does not tell.")
    last_adjustment_reason: AdjustmentReason | None
    manual_override: bool
    usage_tokens: int
    messages_left_out: int
    reloads: int
    estimate_error: float | None


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
    content: str
    source_file: str | None
    message_index: Literal[0]


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
