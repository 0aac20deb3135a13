"""Which context windows the models are loaded with: asked for now and then, and known from our own requests."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.model_catalog import ModelCatalog
from domain.errors import ModelServerError, PromptTooLong
from domain.model_card import model_key

FRESH_SECONDS = 5.0
"""How long what was seen is believed: other clients of the models' server may have a model loaded anew."""

PATIENCE_SECONDS = 0.1
"""How long a turn waits for a look that is under way. One that takes longer is as good as none."""

LOOK_SECONDS = 2.0
"""How long a look may take before it is given up."""


@dataclass(frozen=True, slots=True)
class _Seen:
    window: int | None
    at: float


@dataclass(slots=True)
class _Asked:
    """Our requests that are under way: how many, and the window of the one that began last."""

    window: int
    count: int = 0


class LoadedWindows:
    """Never fails and hardly waits: where the models' server does not tell, what was known last is the answer."""

    def __init__(self, *, catalog: ModelCatalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._asked_for: dict[str, _Asked] = {}
        self._asked_since_look: set[str] = set()
        self._look: asyncio.Task[None] | None = None

    def look_ahead(self, model: str) -> None:
        """Begin to look, where nothing fresh is known, so that `window_of` need not wait."""
        if not self._is_fresh(model_key(model)) and (self._look is None or self._look.done()):
            self._look = asyncio.create_task(self._look_now(model_key(model)), name="look at loaded models")

    async def window_of(self, model: str) -> int | None:
        """The window, in tokens, that the model is loaded with or will be by our latest request; None for not loaded,
        or where nobody knows."""
        key = model_key(model)
        if not self._is_fresh(key):
            self.look_ahead(model)
            if self._look is not None:
                await asyncio.wait([self._look], timeout=PATIENCE_SECONDS)
        if asked := self._asked_for.get(key):
            return asked.window
        seen = self._seen.get(key)
        return seen.window if seen else None

    @contextmanager
    def asking(self, model: str, window: int | None) -> Iterator[None]:
        """While our request for `window` is under way, it is what the model is, or is about to be, loaded with."""
        if window is None:
            yield
            return
        key = model_key(model)
        asked = self._asked_for.setdefault(key, _Asked(window))
        asked.window = window
        asked.count += 1
        self._asked_since_look.add(key)
        seen = self._seen.get(key)
        is_loaded = False
        try:
            yield
            is_loaded = True
        except asyncio.CancelledError:
            # Who asked for what was loaded has changed nothing. The next turn, which may be why it was cancelled, need
            # not look.
            is_loaded = seen is not None and seen.window == asked.window
            raise
        except PromptTooLong:
            is_loaded = True
            raise
        finally:
            asked.count -= 1
            if not asked.count:
                del self._asked_for[key]
                self._seen.pop(key, None)
                if is_loaded:
                    self._saw(key, asked.window)

    async def aclose(self) -> None:
        """End the look that may still be under way."""
        if self._look is not None:
            self._look.cancel()
            await asyncio.wait([self._look])

    def _is_fresh(self, key: str) -> bool:
        seen = self._seen.get(key)
        is_recent = seen is not None and self._clock.monotonic() - seen.at < FRESH_SECONDS
        return is_recent or key in self._asked_for

    async def _look_now(self, key: str) -> None:
        self._asked_since_look.clear()
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                loaded = await self._catalog.loaded_windows()
        except (ModelServerError, TimeoutError):
            return
        windows = {model_key(name): window for name, window in loaded.items()}
        # What we asked for meanwhile is newer than what was seen.
        for known in {key, *self._seen, *windows} - self._asked_since_look - self._asked_for.keys():
            self._saw(known, windows.get(known))

    def _saw(self, key: str, window: int | None) -> None:
        self._seen[key] = _Seen(window, self._clock.monotonic())
