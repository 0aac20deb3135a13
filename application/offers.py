"""What a session has to offer to its model, of what it names and this server has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from application.agent_directory import AgentDirectory
from application.tool_directory import ToolDirectory
from domain.agent import AGENT_TOOL, Agent, agent_tool
from domain.known_names import KnownNames
from domain.session import AgentSettings, Session, ToolSettings
from domain.tool import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """`tools` is all that the model may call; `agents` are those that it may delegate to by one of them."""

    tools: Sequence[Tool]
    agents: Mapping[str, Agent]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(tool.name for tool in self.tools)

    def delegates(self, tool_name: str) -> bool:
        """Whether a call of this tool is for an agent: then a tool of that name in the tools folder is none."""
        return bool(self.agents) and tool_name == AGENT_TOOL


class Offers:
    def __init__(self, *, tools: ToolDirectory, agents: AgentDirectory) -> None:
        self._tools = tools
        self._agents = agents

    async def offer(self, session: Session) -> Offer:
        """For a model that can use tools: the session's that are there, in its order, and the agents' behind them."""
        tools = await self._tools.enabled(session.tool_settings)
        agents = await self._agents.enabled(session.agent_settings)
        if agents:
            tools.pop(AGENT_TOOL, None)
            tools[AGENT_TOOL] = agent_tool(agents)
        return Offer(tools=tuple(tools.values()), agents=agents)

    async def known_names(self, tools: ToolSettings, agents: AgentSettings) -> KnownNames:
        """Of the names in these settings, those that are there; of others nothing is said."""
        known = await self._agents.agents() if agents.enabled_agents else {}
        return KnownNames(
            tools=(await self._tools.enabled(tools)).keys(),
            agents=frozenset(name for name, agent in known.items() if agent.is_valid),
            broken_agents={name: agent.error_message for name, agent in known.items() if agent.error_message},
        )


NOTHING = Offer(tools=(), agents={})
"""For a model that can use no tools."""
