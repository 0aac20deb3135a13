"""What a session wants of a run and will not get, said before it begins."""

from application.agent_directory import AgentDirectory
from application.offers import Offers
from application.runs.agent_models import AgentModels
from domain.conversation import has_pictures
from domain.model_card import ModelCard
from domain.run import ChatRequest
from domain.session import Session


class RunWarnings:
    def __init__(self, *, offers: Offers, agents: AgentDirectory, agent_models: AgentModels) -> None:
        self._offers = offers
        self._agents = agents
        self._agent_models = agent_models

    async def __call__(self, session: Session, request: ChatRequest, card: ModelCard | None) -> tuple[str, ...]:
        """A sentence each. `card` is None where the model's server has not told. Raises nothing."""
        known_names = await self._offers.known_names(session.tool_settings, session.agent_settings)
        warnings = [*known_names.warnings(session)]
        has_agents = bool(known_names.active_agents(session.agent_settings))
        has_tools = bool(known_names.active_tools(session.tool_settings))
        if card and (has_tools or has_agents) and not card.can_use_tools:
            warnings.append(f"The model `{card.name}` cannot use tools; it answers without.")
        elif card and has_agents:
            enabled = await self._agents.enabled(session.agent_settings)
            warnings += await self._agent_models.warnings(enabled.values())
        if card and request.think is not False and not card.can_think:
            warnings.append(f"The model `{card.name}` cannot think; it answers without.")
        if card and not card.can_see and has_pictures(session.messages):
            warnings.append(f"The model `{card.name}` cannot see; it is not shown the pictures of earlier messages.")
        return tuple(warnings)
