"""The models that can hold a conversation."""

from collections.abc import Sequence

from application.model_directory import ModelDirectory
from domain.model_card import ModelCard


class ListModels:
    def __init__(self, *, models: ModelDirectory) -> None:
        self._models = models

    async def __call__(self) -> Sequence[ModelCard]:
        """In the server's order. Raises ModelServerError."""
        return await self._models.list_chat_models()


class GetModel:
    def __init__(self, *, models: ModelDirectory) -> None:
        self._models = models

    async def __call__(self, name: str) -> ModelCard:
        """Any model that its server knows. Raises ModelNotFound, ModelServerError."""
        return await self._models.get(name)
