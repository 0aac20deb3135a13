"""Whether the server can do its work now: keep what is said, and ask a model."""

import asyncio
from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.storage_probe import StorageProbe
from application.use_cases.check_health import CheckHealth
from domain.errors import MochiError, ModelServerUnreachable, StorageFailed

PATIENCE_SECONDS = 2.0
"""How long the store may take for a small write: one that hangs is no better than one that refuses."""

WORTH_SECONDS = 1.0
"""How long one try is worth something: whoever asks in a loop does not wear the disk out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """`models_reachable` is None where the model is built in. `problem` says what is to be done, None where all is
    well: StorageFailed or ModelServerUnreachable."""

    storage_writable: bool
    models_reachable: bool | None
    problem: MochiError | None


class CheckReadiness:
    """Tries the store once for all who ask at the same time: probes never pile up, on a disk that hangs least."""

    def __init__(
        self,
        *,
        storage: StorageProbe,
        check_health: CheckHealth,
        clock: Clock,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._storage = storage
        self._check_health = check_health
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._try: asyncio.Task[MochiError | None] | None = None
        self._tried_at = 0.0

    async def __call__(self) -> Readiness:
        """Raises nothing, and answers within three seconds."""
        problem = await self._storage_problem()
        connected = (await self._check_health()).connected
        writable = problem is None
        if writable and connected is False:
            problem = ModelServerUnreachable("The models' server does not answer. Start it, or see MOCHI_OLLAMA_HOST.")
        return Readiness(storage_writable=writable, models_reachable=connected, problem=problem)

    async def aclose(self) -> None:
        """End the try that may still be under way."""
        if self._try is not None:
            self._try.cancel()
            await asyncio.wait([self._try])

    async def _storage_problem(self) -> MochiError | None:
        now = self._clock.monotonic()
        if self._try is None or (self._try.done() and now - self._tried_at > WORTH_SECONDS):
            self._try, self._tried_at = asyncio.create_task(self._write(), name="storage probe"), now
        trying = self._try
        await asyncio.wait([trying], timeout=self._patience_seconds)
        return trying.result() if trying.done() else StorageFailed("The store does not answer. Check its disk.")

    async def _write(self) -> MochiError | None:
        try:
            await self._storage.try_writing()
        except StorageFailed as error:
            return error
        return None
