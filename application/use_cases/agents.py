"""What agents there are, and what they did in sessions of their own."""

from collections.abc import Mapping

from application.agent_directory import AgentDirectory
from application.owned_task import finish_despite_cancellation
from domain.agent import Agent
from domain.errors import AgentNotFound


class ListAgents:
    def __init__(self, *, agents: AgentDirectory) -> None:
        self._agents = agents

    async def __call__(self) -> Mapping[str, Agent]:
        """All of them, also those that cannot be used, with the reason. Raises nothing."""
        return await self._agents.agents()


class GetAgent:
    def __init__(self, *, agents: AgentDirectory) -> None:
        self._agents = agents

    async def __call__(self, name: str) -> Agent:
        """Raises AgentNotFound."""
        agent = (await self._agents.agents()).get(name)
        if agent is None:
            raise AgentNotFound(name)
        return agent


class ReloadAgents:
    """Looks at all folders anew, also for one who does not wait: what was edited counts from the next call."""

    def __init__(self, *, agents: AgentDirectory) -> None:
        self._agents = agents

    async def __call__(self) -> Mapping[str, Agent]:
        return await finish_despite_cancellation(self._agents.reload())
