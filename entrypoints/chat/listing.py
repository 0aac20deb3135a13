"""Lists that are asked for, as plain text."""

from collections.abc import Mapping, Sequence

from domain.agent import Agent
from domain.session import AgentSettings, SessionOverview, ToolSettings
from domain.tool import ToolInventory
from domain.tool_policy import needs_consent
from entrypoints.chat.sanitising import one_line

_LONGEST_PREVIEW = 60
_LONGEST_ABOUT = 100
_LONGEST_ERROR = 300


def sessions_text(sessions: Sequence[SessionOverview], current_id: str | None) -> str:
    """Numbered from 1, the newest first."""
    if not sessions:
        return "There are no sessions yet."
    return "\n".join(
        f"{number:>3}{'*' if each.session_id == current_id else ' '} {each.session_id}  "
        f"{each.updated_at.astimezone():%Y-%m-%d %H:%M}  {one_line(each.model, 20)}  "
        f"{one_line(each.preview, _LONGEST_PREVIEW) or '(nothing said yet)'}"
        for number, each in enumerate(sessions, start=1)
    )


def tools_text(inventory: ToolInventory, settings: ToolSettings) -> str:
    """Those of the server, which of them the session has and which ask, and what could not be loaded."""
    known = [_tool_line(tool.name, tool.description, settings) for tool in inventory.tools.values()]
    gone = [
        f"  ? {one_line(name, 60)}  is not there any more" for name in settings.tools if name not in inventory.tools
    ]
    broken = [f"  ! {one_line(f'{each.source}: {each.error}', _LONGEST_ERROR)}" for each in inventory.errors]
    return "\n".join([*known, *gone, *broken]) or "There are no tools. docs/tools.md says how they are written."


def agents_text(agents: Mapping[str, Agent], settings: AgentSettings) -> str:
    """Those of the server, which of them the session has, and why others cannot be used."""
    known = [_agent_line(agent, settings) for agent in agents.values() if agent.is_valid]
    gone = [
        f"  ? {one_line(name, 60)}  is not there any more" for name in settings.enabled_agents if name not in agents
    ]
    broken = [
        f"  ! {one_line(f'{agent.name}: {agent.error_message}', _LONGEST_ERROR)}"
        for agent in agents.values()
        if not agent.is_valid
    ]
    return "\n".join([*known, *gone, *broken]) or "There are no agents. docs/agents.md says how they are written."


def _agent_line(agent: Agent, settings: AgentSettings) -> str:
    is_enabled = agent.name in settings.enabled_agents
    state = f"{'enabled' if is_enabled else 'not enabled'}, tools: {len(agent.tools)}"
    about = one_line(agent.description, _LONGEST_ABOUT)
    return f"  {'+' if is_enabled else '-'} {one_line(agent.name, 60)} ({state})  {about}"


def _tool_line(name: str, description: str, settings: ToolSettings) -> str:
    is_enabled = name in settings.tools
    consent = (", asks" if needs_consent(settings, name) else ", does not ask") if is_enabled else ""
    state = f"{'enabled' if is_enabled else 'not enabled'}{consent}"
    about = one_line(description.partition("\n")[0], _LONGEST_ABOUT)
    return f"  {'+' if is_enabled else '-'} {one_line(name, 60)} ({state})  {about}"
