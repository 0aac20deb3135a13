"""The tools and agents that a session may name, and what is said of those that are not there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from domain.errors import AgentInvalid, AgentNotFound, ToolNotFound
from domain.session import AgentSettings, Session, ToolSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """Names of this server's tools and agents. Names in `tool_policies` are free: a policy may outlive its tool.

    `broken_agents` are those that cannot be used, with the reason; they are not among the `agents`.
    """

    tools: Collection[str] = frozenset()
    agents: Collection[str] = frozenset()
    broken_agents: Mapping[str, str] = field(default_factory=dict)

    def require_tools(self, settings: ToolSettings) -> None:
        """Raises ToolNotFound for the first tool that is not there."""
        for name in settings.tools:
            if name not in self.tools:
                raise ToolNotFound(name)

    def require_agents(self, settings: AgentSettings) -> None:
        """Raises AgentNotFound for the first agent that is not there, AgentInvalid for one that cannot be used."""
        for name in settings.enabled_agents:
            if name in self.broken_agents:
                raise AgentInvalid(name, self.broken_agents[name])
            if name not in self.agents:
                raise AgentNotFound(name)

    def active_tools(self, settings: ToolSettings) -> tuple[str, ...]:
        """The session's tools that are there, in its order."""
        return tuple(name for name in settings.tools if name in self.tools)

    def active_agents(self, settings: AgentSettings) -> tuple[str, ...]:
        """The session's agents that are there, in its order."""
        return tuple(name for name in settings.enabled_agents if name in self.agents)

    def warnings(self, session: Session) -> tuple[str, ...]:
        """A sentence for each tool and agent that a stored session names and has to go on without."""
        tools = (name for name in session.tool_settings.tools if name not in self.tools)
        agents = [name for name in session.agent_settings.enabled_agents if name not in self.agents]
        return (
            *(f"The tool `{name}` is not on this server; the session goes on without it." for name in tools),
            *(self._without_agent(name) for name in agents),
        )

    def _without_agent(self, name: str) -> str:
        if name in self.broken_agents:
            return f"The agent `{name}` cannot be used; the session goes on without it. {self.broken_agents[name]}"
        return f"The agent `{name}` is not on this server; the session goes on without it."
