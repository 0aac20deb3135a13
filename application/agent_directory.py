"""All agents of this server: what their folders say of them, and the tools that they have."""

from collections.abc import Mapping

from application.ports.agent_store import AgentStore
from application.ports.toolbox import Toolbox
from domain.agent import Agent, Skill, agent_of, enabled_agents
from domain.agent_prompts import PhasePrompts
from domain.errors import AgentInvalid, AgentNotFound
from domain.session import AgentSettings
from domain.tool import ToolInventory


class AgentDirectory:
    """`toolbox` holds the tools of all agents under their qualified names."""

    def __init__(self, *, store: AgentStore, toolbox: Toolbox) -> None:
        self._store = store
        self._toolbox = toolbox

    async def agents(self) -> Mapping[str, Agent]:
        """All of them by name, also those that cannot be used. Raises nothing."""
        skills = await self._store.list_skills()
        inventory = await self._toolbox.inventory() if skills else ToolInventory()
        agents = {}
        for skill in skills:
            tools = [tool for tool in inventory.tools.values() if _is_in(tool.source, skill.name)]
            errors = [each.error for each in inventory.errors if _is_in(each.source, skill.name)]
            agents[skill.name] = agent_of(skill, tools, errors)
        return agents

    async def enabled(self, settings: AgentSettings) -> Mapping[str, Agent]:
        """Those that a session has enabled and that can be used. Looks at nothing where it has enabled none."""
        return enabled_agents(settings, await self.agents()) if settings.enabled_agents else {}

    async def usable(self, name: str) -> tuple[Agent, Skill]:
        """An agent and what its folder says at this moment. Raises AgentNotFound, AgentInvalid."""
        skill = await self._store.read_skill(name)
        agent = (await self.agents()).get(name)
        if agent is None:
            raise AgentNotFound(name)
        if agent.error_message is not None:
            raise AgentInvalid(name, agent.error_message)
        return agent, skill

    async def phase_prompts(self) -> PhasePrompts:
        """Raises nothing."""
        return await self._store.phase_prompts()

    async def reload(self) -> Mapping[str, Agent]:
        """Look at all tools anew too. Raises nothing."""
        await self._toolbox.reload()
        return await self.agents()


def _is_in(source: str, folder: str) -> bool:
    return source.partition("/")[0] == folder
