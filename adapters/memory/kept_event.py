"""Events as the log keeps them: pieces of text as bare text, of which there are very many.

The garbage collector looks at every object that may be part of a cycle, again and again as it lives on, and all streams
stand still meanwhile: 100 ms at a time where a hundred thousand pieces were kept as events. Text it passes over, and
tuples of nothing but text.
"""

from sys import getsizeof
from typing import TypeAlias

from domain.run_event import (
    AgentComplete,
    AgentExecution,
    AgentPlanning,
    AgentToolCall,
    AgentToolResult,
    ConfirmationRequired,
    ContentDelta,
    RunEvent,
    ThinkingDelta,
    ToolCallBegun,
    ToolResult,
)
from domain.token_estimate import json_weight

KeptEvent: TypeAlias = "str | tuple[str] | tuple[str, str, str] | RunEvent"
"""A ContentDelta as its text, a ThinkingDelta as a tuple of it, a piece of an agent's text as its event's name, the
agent and the text; any other event as it is."""

_PLACE_BYTES = 8
_EVENT_BYTES = 500
"""Of an event with what it holds, beside text and arguments: roughly, as there are few of them."""


def kept(event: RunEvent) -> KeptEvent:
    if type(event) is ContentDelta:
        return event.content
    if type(event) is ThinkingDelta:
        return (event.content,)
    if type(event) is AgentExecution or type(event) is AgentPlanning:
        return (event.name, event.agent_name, event.content)
    return event


def event_of(kept: KeptEvent) -> RunEvent:
    if type(kept) is str:
        return ContentDelta(kept)
    if type(kept) is tuple:
        return ThinkingDelta(kept[0]) if len(kept) == 1 else _piece_of_agent(*kept)
    return kept  # type: ignore[return-value] # mypy does not narrow by exact types, which cost half of isinstance


def _piece_of_agent(name: str, agent_name: str, content: str) -> RunEvent:
    return (AgentPlanning if name == AgentPlanning.name else AgentExecution)(agent_name, content)


def kept_bytes(kept: KeptEvent) -> int:
    """What it takes in memory."""
    if type(kept) is str:
        return getsizeof(kept) + _PLACE_BYTES
    match kept:
        case (text,) | (_, _, text):
            return getsizeof(kept) + getsizeof(text) + _PLACE_BYTES
        case ToolResult() | AgentToolResult():
            return _EVENT_BYTES + getsizeof(kept.result or kept.error_message or "")
        case AgentComplete(output=text):
            return _EVENT_BYTES + getsizeof(text)
        case ToolCallBegun() | ConfirmationRequired() | AgentToolCall():
            return _EVENT_BYTES + json_weight(kept.arguments)
        case _:
            return _EVENT_BYTES
