"""Whether the server, and the one it depends on, are there."""

import asyncio
from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.model_catalog import ModelCatalog

PATIENCE_SECONDS = 0.9
"""How long the models' server has to answer: whoever asks for health has an answer within a second."""

SHORT_PATIENCE_SECONDS = 0.03
"""The same where its last answer is still worth something: a server that is busy is not a server that is gone."""

WORTH_SECONDS = 5.0
"""How long an answer of the models' server is worth something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Both None where the model is built in; `connected` is False where its server does not answer in time."""

    connected: bool | None
    address: str | None


@dataclass(frozen=True, slots=True)
class _Seen:
    connected: bool | None
    at: float


class CheckHealth:
    """Asks the models' server, once for all who ask at the same time: probes never pile up."""

    def __init__(self, *, catalog: ModelCatalog, clock: Clock, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._catalog = catalog
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._probe: asyncio.Task[bool | None] | None = None
        self._seen: _Seen | None = None

    async def __call__(self) -> Health:
        """Raises nothing, and answers within a second; within 30 ms where the models' server was seen just now."""
        return Health(connected=await self._connected(), address=self._catalog.address)

    async def aclose(self) -> None:
        """End the probe that may still be under way."""
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.wait([self._probe])

    async def _connected(self) -> bool | None:
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(self._ask(), name="health probe")
        probe, seen = self._probe, self._seen
        if seen is None or self._clock.monotonic() - seen.at > WORTH_SECONDS:
            return await asyncio.shield(probe)
        await asyncio.wait([probe], timeout=SHORT_PATIENCE_SECONDS)
        return probe.result() if probe.done() else seen.connected

    async def _ask(self) -> bool | None:
        try:
            async with asyncio.timeout(self._patience_seconds):
                connected = await self._catalog.is_reachable()
        except TimeoutError:
            connected = False
        self._seen = _Seen(connected, self._clock.monotonic())
        return connected
