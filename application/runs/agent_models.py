"""Which model an agent asks: its own where it can, else that of the session it works for."""

from collections.abc import Iterable

from application.model_directory import ModelDirectory
from domain.agent import Agent
from domain.errors import ModelNotFound, ModelServerError
from domain.model_card import ModelCard, model_key


class AgentModels:
    def __init__(self, *, models: ModelDirectory) -> None:
        self._models = models

    async def choose(self, wanted: str | None, chat_model: str) -> tuple[ModelCard, str | None]:
        """The model for an agent that would rather use `wanted`; and a sentence where it cannot.

        Raises ModelNotFound, ModelServerError.
        """
        if wanted is None or model_key(wanted) == model_key(chat_model):
            return await self._models.get(chat_model), None
        reason = await self._reason_against(wanted)
        if reason is None:
            return await self._models.get(wanted), None
        return await self._models.get(chat_model), f"The agent's own model `{wanted}` {reason}; `{chat_model}` did it."

    async def warnings(self, agents: Iterable[Agent]) -> tuple[str, ...]:
        """A sentence for each agent that will have to do without its own model, as far as is known. Raises nothing."""
        warnings = []
        for agent in agents:
            if agent.model is None:
                continue
            try:
                reason = await self._reason_against(agent.model)
            except ModelServerError:
                continue
            if reason:
                warnings.append(
                    f"The agent `{agent.name}` works with the session's model: its own, `{agent.model}`, {reason}."
                )
        return tuple(warnings)

    async def _reason_against(self, name: str) -> str | None:
        try:
            card = await self._models.get(name)
        except ModelNotFound:
            return "is not installed"
        return None if card.can_use_tools else "cannot use tools"
