"""What the demo model says of an agent's work, which it has as the result of a call."""

import re
from collections.abc import Iterator, Sequence

from domain.agent import AGENT_TOOL
from domain.message import AssistantMessage, Message, ToolMessage

LONGEST_REPORT = 800

_SESSION = re.compile(r"Session ID: (\w+)(?:\n\n|$)")
_A_STEP = ("[Called `", "[Result of `")


def told_by_agent(result: ToolMessage, messages: Sequence[Message]) -> str | None:
    """The end of what an agent reports, and what was noted of its work; None where this is the result of no agent."""
    if result.tool_name != AGENT_TOOL or not (found := _SESSION.match(result.content)):
        return None
    parts = result.content[found.end() :].split("\n\n")
    notes: list[str] = []
    while parts and parts[-1].startswith("[") and not parts[-1].startswith(_A_STEP):
        notes.insert(0, parts.pop()[1:-1])
    said = parts[-1].strip() if parts and not parts[-1].startswith(_A_STEP) else ""
    name = next((name for name, each in _reports(messages) if each is result), None)
    agent = f"The agent `{name}`" if name else "The agent"
    return " ".join([f"{agent} reports: {_short(said)}" if said else f"{agent} has nothing to report.", *notes])


def latest_session(agent_name: str, messages: Sequence[Message]) -> str | None:
    """The session that this agent worked in last; None where it has not worked in this conversation."""
    for name, result in reversed(list(_reports(messages))):
        if name == agent_name and (found := _SESSION.match(result.content)):
            return found[1]
    return None


def _reports(messages: Sequence[Message]) -> Iterator[tuple[str, ToolMessage]]:
    """The results of agents, each with the name of the agent that was called for it."""
    names: dict[str, str] = {}
    for message in messages:
        if isinstance(message, AssistantMessage):
            names.update({call.call_id: str(call.arguments.get("agent")) for call in message.tool_calls})
        elif isinstance(message, ToolMessage) and message.tool_call_id in names:
            yield names[message.tool_call_id], message


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_REPORT else f"{text[:LONGEST_REPORT].rstrip()}..."
