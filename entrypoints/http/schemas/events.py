"""The events of a stream, for the document alone: on their way they are written straight from the domain's values."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import Field, JsonValue

from domain import run_event
from domain.run import EndStatus, RunStatus
from entrypoints.http.schemas.base import AnswerModel
from entrypoints.http.schemas.chat import WindowUse
from entrypoints.http.schemas.runs import Confirmation


class RunStart(AnswerModel):
    """At once."""

    run_id: str
    session_id: str
    warnings: list[str]


class ContentDelta(AnswerModel):
    """Each non-empty piece of text."""

    content: str
    role: Literal["assistant"]


class ThinkingDelta(AnswerModel):
    """Each piece of thinking."""

    content: str


class ToolCallBegun(AnswerModel):
    """A call that runs without asking; `call_index` counts within one assistant message."""

    tool_name: str
    arguments: dict[str, JsonValue]
    call_index: int
    tool_call_id: str


class ToolCallConfirmationRequired(AnswerModel):
    """A call that waits for consent: answer it at `confirm-tool`. There is no time limit.

    `agent_name` is there where it is an agent's call.
    """

    tool_name: str
    arguments: dict[str, JsonValue]
    call_index: int
    tool_call_id: str
    confirmation_id: str
    agent_name: str = Field(default_factory=str)


class ToolResult(AnswerModel):
    """After each call, denied ones too; `execution_time` is in seconds."""

    tool_name: str
    success: bool
    result: str | None
    error_message: str | None
    error_code: str | None
    execution_time: float
    call_index: int
    tool_call_id: str


class ToolContinuationStart(AnswerModel):
    """Before the results go back to the model."""

    message: str = Field(description="What goes on, in words.", examples=["The model reads the results."])


class AgentStart(AnswerModel):
    """In the place of the delegating call's own `tool_call`; `session_id` is the agent's."""

    agent_name: str
    instruction: str
    session_id: str


class AgentPlanning(AnswerModel):
    """Each piece of the agent's plan."""

    agent_name: str
    content: str


class AgentExecution(AnswerModel):
    """Each piece of what the agent says while it works."""

    agent_name: str
    content: str


class AgentToolCall(AnswerModel):
    """A call of the agent's that runs without asking."""

    agent_name: str
    tool_name: str
    arguments: dict[str, JsonValue]


class AgentToolResult(AnswerModel):
    """After each call of the agent's, denied ones too; in the order of the calls."""

    agent_name: str
    tool_name: str
    success: bool
    result: str | None
    error_message: str | None


class AgentComplete(AnswerModel):
    """The agent is done, or was stopped: in the place of the delegating call's own `tool_result`."""

    agent_name: str
    session_id: str
    output: str


class MessageComplete(AnswerModel):
    """The final assistant message is stored."""

    message_id: str
    model: str
    eval_count: int | None
    prompt_eval_count: int | None
    done_reason: str
    context_window: WindowUse


class RunError(AnswerModel):
    """What ended the run; `done` follows."""

    code: str
    message: str
    details: dict[str, JsonValue]
    retryable: bool


class Done(AnswerModel):
    """The last event of every run."""

    session_id: str
    run_id: str
    status: EndStatus


class Snapshot(AnswerModel):
    """Where the run stands, in the place of events that are no longer kept."""

    run_id: str
    status: RunStatus
    message_id: str | None
    content: str
    thinking: str
    confirmations: list[Confirmation]


EVENTS: Mapping[str, type[AnswerModel]] = MappingProxyType(
    {
        run_event.RunStart.name: RunStart,
        run_event.ContentDelta.name: ContentDelta,
        run_event.ThinkingDelta.name: ThinkingDelta,
        run_event.ToolCallBegun.name: ToolCallBegun,
        run_event.ConfirmationRequired.name: ToolCallConfirmationRequired,
        run_event.ToolResult.name: ToolResult,
        run_event.ToolContinuationStart.name: ToolContinuationStart,
        run_event.AgentStart.name: AgentStart,
        run_event.AgentPlanning.name: AgentPlanning,
        run_event.AgentExecution.name: AgentExecution,
        run_event.AgentToolCall.name: AgentToolCall,
        run_event.AgentToolResult.name: AgentToolResult,
        run_event.AgentComplete.name: AgentComplete,
        run_event.MessageComplete.name: MessageComplete,
        run_event.RunError.name: RunError,
        run_event.Done.name: Done,
        run_event.Snapshot.name: Snapshot,
    }
)
