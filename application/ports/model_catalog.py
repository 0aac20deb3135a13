"""Which models there are, and whether their server is."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.model_card import ModelCard


class ModelCatalog(Protocol):
    @property
    def address(self) -> str | None:
        """Where the models' server is, for people to read; None where there is none (a built-in model)."""
        ...

    async def is_reachable(self) -> bool | None:
        """Whether the server answers now; None where there is no server. Raises nothing; may take long."""
        ...

    async def list_models(self) -> Sequence[ModelCard]:
        """All installed models with their capabilities, in the server's order. One that cannot be read is left out.

        Raises ModelServerError.
        """
        ...

    async def get_model(self, name: str) -> ModelCard:
        """The card of one model, under the name that was asked for.

        Raises ModelNotFound where the server does not know it, else ModelServerError.
        """
        ...

    async def loaded_windows(self) -> Mapping[str, int]:
        """The context windows, in tokens, of the models that are in memory now, by the server's own names for them.

        Empty where there is no server. Raises ModelServerError.
        """
        ...
