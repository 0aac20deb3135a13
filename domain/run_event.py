"""What a run tells its readers, in order. The field names are those of the events' data on the wire."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from domain.confirmation import Confirmation
from domain.context_window import WindowUse
from domain.json_value import JsonObject
from domain.run import EndStatus, RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """The first event; `warnings` name what the session wanted and the model or the server cannot give."""

    run_id: str
    session_id: str
    warnings: tuple[str, ...]
    name: ClassVar[Literal["run_start"]] = "run_start"


@dataclass(frozen=True, slots=True)
class ContentDelta:
    """One non-empty piece of the answer, as the model gave it: never merged with another."""

    content: str
    role: Literal["assistant"] = "assistant"
    name: ClassVar[Literal["content_delta"]] = "content_delta"


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    content: str
    name: ClassVar[Literal["thinking_delta"]] = "thinking_delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallBegun:
    """A call that nobody is asked about. `call_index` counts within one assistant message."""

    tool_name: str
    arguments: JsonObject
    call_index: int
    tool_call_id: str
    name: ClassVar[Literal["tool_call"]] = "tool_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationRequired:
    """A call that waits for a person's consent."""

    tool_name: str
    arguments: JsonObject
    call_index: int
    tool_call_id: str
    confirmation_id: str
    name: ClassVar[Literal["tool_call_confirmation_required"]] = "tool_call_confirmation_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfirmationRequired(ConfirmationRequired):
    """The same for the call of an agent: answered alike, by whoever knows nothing of agents too."""

    agent_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """The outcome of one call. `execution_time` is in seconds; `call_index` counts within one assistant message."""

    tool_name: str
    success: bool
    result: str | None
    error_message: str | None
    error_code: str | None
    execution_time: float
    call_index: int
    tool_call_id: str
    name: ClassVar[Literal["tool_result"]] = "tool_result"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContinuationStart:
    """The results go back to the model; `message` says so to a person."""

    message: str
    name: ClassVar[Literal["tool_continuation_start"]] = "tool_continuation_start"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStart:
    """The model has delegated: in the place of the call's own `tool_call`. `session_id` is the agent's."""

    agent_name: str
    instruction: str
    session_id: str
    name: ClassVar[Literal["agent_start"]] = "agent_start"


@dataclass(frozen=True, slots=True)
class AgentPlanning:
    """One non-empty piece of the agent's plan."""

    agent_name: str
    content: str
    name: ClassVar[Literal["agent_planning"]] = "agent_planning"


@dataclass(frozen=True, slots=True)
class AgentExecution:
    """One non-empty piece of what the agent says while it works."""

    agent_name: str
    content: str
    name: ClassVar[Literal["agent_execution"]] = "agent_execution"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentToolCall:
    """A call of the agent's that nobody is asked about."""

    agent_name: str
    tool_name: str
    arguments: JsonObject
    name: ClassVar[Literal["agent_tool_call"]] = "agent_tool_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentToolResult:
    """The outcome of one call of the agent's, in the order of the calls."""

    agent_name: str
    tool_name: str
    success: bool
    result: str | None
    error_message: str | None
    name: ClassVar[Literal["agent_tool_result"]] = "agent_tool_result"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentComplete:
    """The agent is done, or was stopped: in the place of the call's own `tool_result`, with what it reported."""

    agent_name: str
    session_id: str
    output: str
    name: ClassVar[Literal["agent_complete"]] = "agent_complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageComplete:
    """The final assistant message is stored."""

    message_id: str
    model: str
    eval_count: int | None
    prompt_eval_count: int | None
    done_reason: str
    context_window: WindowUse
    name: ClassVar[Literal["message_complete"]] = "message_complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    code: str
    message: str
    details: JsonObject
    retryable: bool
    name: ClassVar[Literal["error"]] = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The last event of every run."""

    session_id: str
    run_id: str
    status: EndStatus
    name: ClassVar[Literal["done"]] = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Where a run stands, for a reader whose place in the log is no longer kept.

    `content` and `thinking` are those of the message `message_id` so far, all of it; `confirmations` the questions
    that are open.
    """

    run_id: str
    status: RunStatus
    message_id: str | None
    content: str
    thinking: str
    confirmations: tuple[Confirmation, ...] = ()
    name: ClassVar[Literal["snapshot"]] = "snapshot"


RunEvent: TypeAlias = (
    RunStart
    | ContentDelta
    | ThinkingDelta
    | ToolCallBegun
    | ConfirmationRequired
    | AgentConfirmationRequired
    | ToolResult
    | ToolContinuationStart
    | AgentStart
    | AgentPlanning
    | AgentExecution
    | AgentToolCall
    | AgentToolResult
    | AgentComplete
    | MessageComplete
    | RunError
    | Done
    | Snapshot
)
