"""The one model that is always there."""

from collections.abc import Mapping, Sequence

from application.ports import model_catalog as ports
from domain.errors import ModelNotFound
from domain.model_card import ModelCard

DEMO_MODEL = "demo"
CONTEXT_LENGTH = 32_768
"""Tokens: as many as a small model of today has, so that clients see a usual figure."""

_CARD = ModelCard(
    name=DEMO_MODEL,
    size_mb=0.0,
    format="built-in",
    family=DEMO_MODEL,
    capabilities=frozenset({"completion", "thinking", "tools"}),
    context_length=CONTEXT_LENGTH,
)


class DemoModelCatalog(ports.ModelCatalog):
    @property
    def address(self) -> str | None:
        return None

    async def is_reachable(self) -> bool | None:
        return None

    async def list_models(self) -> Sequence[ModelCard]:
        return (_CARD,)

    async def get_model(self, name: str) -> ModelCard:
        require_demo_model(name)
        return _CARD

    async def loaded_windows(self) -> Mapping[str, int]:
        return {}


def require_demo_model(name: str) -> None:
    """Raises ModelNotFound for any other model."""
    if name != DEMO_MODEL:
        raise ModelNotFound(name)
