"""What is known of the models, without asking their server at every turn."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.model_catalog import ModelCatalog
from domain.errors import ModelServerError, NotFound
from domain.model_card import ModelCard

FRESH_SECONDS = 60.0
"""How long a card is trusted: a model is pulled again far less often, and a turn must not wait for what is known."""

PATIENCE_SECONDS = 1.0
"""How long an answer that can do without the card waits for one."""


@dataclass(frozen=True, slots=True)
class _Known:
    card: ModelCard
    read_at: float


class ModelDirectory:
    """Cards by name, kept for a minute."""

    def __init__(self, *, catalog: ModelCatalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def list_chat_models(self) -> Sequence[ModelCard]:
        """All models that can hold a conversation. Raises ModelServerError."""
        cards = await self._catalog.list_models()
        for card in cards:
            self._remember(card.name, card)
        return [card for card in cards if card.can_chat]

    async def get(self, name: str) -> ModelCard:
        """Raises ModelNotFound, ModelServerError."""
        known = self._known.get(name)
        if known and self._clock.monotonic() - known.read_at < FRESH_SECONDS:
            return known.card
        try:
            card = await self._catalog.get_model(name)
        except NotFound:
            self._known.pop(name, None)
            raise
        self._remember(name, card)
        return card

    async def peek(self, name: str) -> ModelCard | None:
        """The card, an old one too, where it can be had within a second; else None."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self.get(name)
        except (ModelServerError, NotFound, TimeoutError):
            known = self._known.get(name)
            return known.card if known else None

    def _remember(self, name: str, card: ModelCard) -> None:
        self._known[name] = _Known(card, self._clock.monotonic())
