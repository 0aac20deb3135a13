"""What the server knows, and what a test may ask of it."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from domain.json_value import JsonObject
from tests.doubles.ollama_server.flavour import Flavour, Version
from tests.doubles.ollama_server.generation import Generation
from tests.doubles.ollama_server.models import INSTALLED, InstalledModel, LoadedModels, full_name
from tests.doubles.ollama_server.script import Answer, Refusal

PATIENCE_SECONDS = 5.0
"""How long a test waits for what must happen."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """`body` is as it came; `headers` are by lower-case name."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class ServerState:
    """One loop, one thread: what it tells is never out of date.

    `answer_next` queues answers for the chats that come next, `answer_always` gives one to all others; without them
    the answer is derived from the request. `refuse` has another route fail.
    """

    def __init__(self, version: Version = "0.32.15", models: tuple[InstalledModel, ...] = INSTALLED) -> None:
        self.flavour = Flavour(version)
        self.models = {full_name(model.name): model for model in models}
        self.loaded = LoadedModels()
        self.requests: list[RecordedRequest] = []
        self.chats: list[JsonObject] = []
        self.generations: list[Generation] = []
        self.refusals: dict[tuple[str, str | None], Refusal] = {}
        self.silent_paths: set[str] = set()
        self._scripted: deque[Answer] = deque()
        self._always: Answer | None = None
        self._changed = asyncio.Event()
        self.stopping = False

    def answer_next(self, *answers: Answer) -> None:
        self._scripted.extend(answers)

    def drop_answers(self) -> None:
        """What is left of them was for requests that never came."""
        self._scripted.clear()

    def answer_always(self, answer: Answer | None) -> None:
        self._always = answer

    def refuse(self, path: str, refusal: Refusal, model: str | None = None) -> None:
        """Have `path` fail, or only what it says of `model`."""
        self.refusals[path, model] = refusal

    def hang(self, path: str) -> None:
        """Have `path` take requests and say nothing."""
        self.silent_paths.add(path)

    def next_answer(self) -> Answer | None:
        return self._scripted.popleft() if self._scripted else self._always

    @property
    def active(self) -> int:
        return sum(generation.state == "active" for generation in self.generations)

    @property
    def aborted(self) -> list[Generation]:
        return [generation for generation in self.generations if generation.state == "aborted"]

    async def wait_aborted(self, count: int = 1) -> None:
        """Until clients have left `count` generations before their end. Raises TimeoutError."""
        await self._wait_until(lambda: len(self.aborted) >= count)

    async def wait_active(self, count: int = 1) -> None:
        """Until `count` generations are at work. Raises TimeoutError."""
        await self._wait_until(lambda: self.active >= count)

    async def wait_idle(self) -> None:
        """Until no generation is at work. Raises TimeoutError."""
        await self._wait_until(lambda: self.active == 0)

    def changed(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _wait_until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                await self._changed.wait()
