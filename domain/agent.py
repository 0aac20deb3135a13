"""Agents: a skill, tools of its own, and the tool by which a model delegates to them (contract, section 7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from domain.json_value import JsonObject
from domain.session import AgentSettings
from domain.tool import Tool

_NO_TOOL = (
    "It has no tool: its `__init__.py`, or a package `tools` in its folder, must export a function. "
    "For one that is new, POST /api/v1/agents/reload."
)

AGENT_TOOL = "agent"
"""The name of the tool that delegates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """What an agent's `SKILL.md` says. `model` is the one that it would rather use, None for any."""

    name: str
    description: str
    system_prompt: str
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusableSkill:
    """`reason` is in words for the agent's author."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """`tools` go by the names that its model knows them under. `error_message` says why it cannot be used."""

    name: str
    description: str = ""
    model: str | None = None
    tools: Mapping[str, Tool] = field(default_factory=dict)
    error_message: str | None = None

    @property
    def is_valid(self) -> bool:
        return self.error_message is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """A call of `agent` at work: its place in the answer that it is of, and the session that the agent works in."""

    call_index: int
    tool_call_id: str
    agent_name: str
    session_id: str

    def is_of(self, index: int, tool_call_id: str) -> bool:
        """Whether it is this call of the answer."""
        return (self.call_index, self.tool_call_id) == (index, tool_call_id)


def agent_of(skill: Skill | UnusableSkill, tools: Iterable[Tool], tool_errors: Iterable[str]) -> Agent:
    """The agent that has this skill, with the `tools` that its folder offers under their qualified names."""
    own = {}
    for tool in tools:
        name = tool.name.removeprefix(f"{skill.name}.")
        own[name] = replace(tool, name=name)
    if isinstance(skill, UnusableSkill):
        return Agent(name=skill.name, tools=own, error_message=skill.reason)
    reasons = list(tool_errors)
    error = None if own else " ".join(reasons) or _NO_TOOL
    return Agent(name=skill.name, description=skill.description, model=skill.model, tools=own, error_message=error)


def qualified(agent_name: str, tool_name: str) -> str:
    """How an agent's tool is called where those of all agents come together, and in a session's policies."""
    return f"{agent_name}.{tool_name}"


def enabled_agents(settings: AgentSettings, agents: Mapping[str, Agent]) -> dict[str, Agent]:
    """Those of `agents` that a session has enabled and that can be used, in its order."""
    names = dict.fromkeys(settings.enabled_agents)
    return {name: agents[name] for name in names if name in agents and agents[name].is_valid}


def agent_tool(agents: Mapping[str, Agent]) -> Tool:
    """The tool by which a model delegates to one of `agents`."""
    listed = "\n".join(f"- {agent.name}: {' '.join(agent.description.split())}" for agent in agents.values())
    return Tool(
        name=AGENT_TOOL,
        description=(
            "Hand a task over to an agent. It makes a plan, works with tools of its own, and reports what it did. "
            f"The agents are:\n{listed}"
        ),
        parameters=_parameters(list(agents)),
        source="mochi-server",
    )


def _parameters(names: list[str]) -> JsonObject:
    return {
        "type": "object",
        "properties": {
            "agent": {"type": "string", "enum": names, "description": "Which agent is to do it."},
            "instruction": {
                "type": "string",
                "description": "What it is to do, with all that it must know: it sees nothing of this conversation.",
            },
            "session_id": {
                "type": "string",
                "description": "Only to go on with earlier work of that agent: the Session ID of its report.",
            },
        },
        "required": ["agent", "instruction"],
    }
