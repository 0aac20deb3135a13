"""Whether the server, and the one it depends on, are there."""

import asyncio
from dataclasses import dataclass

from application.ports.model_catalog import ModelCatalog

PATIENCE_SECONDS = 0.9
"""How long the model's server has to answer: whoever asks for health has an answer within a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Both None where the model is built in; `connected` is False where its server does not answer in time."""

    connected: bool | None
    address: str | None


class CheckHealth:
    """Asks the model's server, once for all who ask at the same time: probes never pile up."""

    def __init__(self, *, catalog: ModelCatalog, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._catalog = catalog
        self._patience_seconds = patience_seconds
        self._probe: asyncio.Task[bool | None] | None = None
        self._waiting = 0

    async def __call__(self) -> Health:
        """Raises nothing, and answers within a second."""
        probe = self._probe = self._probe or asyncio.create_task(self._ask(), name="health probe")
        self._waiting += 1
        try:
            connected = await asyncio.shield(probe)
        finally:
            self._waiting -= 1
            if not self._waiting:
                probe.cancel()
                self._probe = None
        return Health(connected=connected, address=self._catalog.address)

    async def _ask(self) -> bool | None:
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await self._catalog.is_reachable()
        except TimeoutError:
            return False
