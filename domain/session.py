"""A session: a conversation and the settings it is held under."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias

from domain.context_window import ContextWindowConfig
from domain.json_value import JsonObject
from domain.message import Message, UserMessage

ExecutionPolicy: TypeAlias = Literal["always_confirm", "never_confirm"]

PREVIEW_CHARACTERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSettings:
    """Which tools the model is offered, and which of them ask a person first."""

    tools: tuple[str, ...] = ()
    execution_policy: ExecutionPolicy = "always_confirm"
    tool_policies: Mapping[str, ExecutionPolicy] = field(default_factory=dict)
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    enabled_agents: tuple[str, ...] = ()
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Two to five sentences and what they are about. `model` is the one that made it, None where that is not known."""

    summary: str
    topics: tuple[str, ...] = ()
    model: str | None = None
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One conversation, whole. `extra` is metadata that other programs wrote, `beside` what they put next to metadata
    and messages: both survive a round trip.

    `agent_name` is that of the agent who works in it, None where a person talks with a model.
    """

    session_id: str
    model: str
    created_at: datetime
    updated_at: datetime
    messages: tuple[Message, ...] = ()
    summary: Summary | None = None
    summary_model: str | None = None
    tool_settings: ToolSettings = field(default_factory=ToolSettings)
    agent_settings: AgentSettings = field(default_factory=AgentSettings)
    context_window: ContextWindowConfig = field(default_factory=ContextWindowConfig)
    agent_name: str | None = None
    extra: JsonObject = field(default_factory=dict)
    beside: JsonObject = field(default_factory=dict)

    @property
    def message_count(self) -> int:
        return len(self.messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOverview:
    """A session without its messages, for lists. `preview` is the beginning of its first user message."""

    session_id: str
    model: str
    created_at: datetime
    updated_at: datetime
    message_count: int
    preview: str
    summary: Summary | None
    summary_model: str | None
    tool_settings: ToolSettings
    agent_settings: AgentSettings
    agent_name: str | None


def overview_of(session: Session) -> SessionOverview:
    """What a list shows of `session`."""
    first = next((message for message in session.messages if isinstance(message, UserMessage)), None)
    return SessionOverview(
        session_id=session.session_id,
        model=session.model,
        created_at=session.created_at,
        updated_at=session.updated_at,
        message_count=session.message_count,
        preview=first.content[:PREVIEW_CHARACTERS] if first else "",
        summary=session.summary,
        summary_model=session.summary_model,
        tool_settings=session.tool_settings,
        agent_settings=session.agent_settings,
        agent_name=session.agent_name,
    )


def goes_on_from(earlier: Session, later: Session) -> bool:
    """Whether `later` is `earlier` and only more was said since: nothing that `earlier` holds would be lost with it.

    What follows from talking may differ: the summary, and the window that the server chose.
    """
    talked = replace(
        earlier,
        messages=later.messages,
        updated_at=later.updated_at,
        summary=later.summary,
        context_window=later.context_window,
    )
    is_chosen = earlier.context_window.manual_override or later.context_window.manual_override
    return (
        talked == later
        and later.messages[: earlier.message_count] == earlier.messages
        and later.updated_at >= earlier.updated_at
        and (not is_chosen or earlier.context_window == later.context_window)
    )
