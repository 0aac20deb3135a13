"""Models that say what a test wrote down."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from application.ports import language_model, model_catalog
from application.ports.language_model import ModelChunk, ModelEnd, ModelRequest
from domain.errors import ModelNotFound, ModelServerError, ModelServerFailed, NotFound
from domain.model_card import ModelCard

Step: TypeAlias = ModelChunk | Exception | asyncio.Event
"""A chunk to tell, an error to raise, or an event to wait for, with nothing said meanwhile."""


def saying(*texts: str, done_reason: str = "stop", prompt_eval_count: int = 10) -> list[Step]:
    """A whole answer of these pieces."""
    end = ModelEnd(done_reason, prompt_eval_count, len(texts), 0)
    return [*(ModelChunk(text) for text in texts), ModelChunk(end=end)]


@dataclass(slots=True)
class ScriptedStream:
    """An answer that was asked for. `closed` once the call was over, `finished` where all was said before."""

    request: ModelRequest
    finished: bool = False
    closed: bool = False


class ScriptedModel(language_model.LanguageModel):
    """Answers with the replies in their order, then with `default`; a reply without an end stops before its end.

    Without any reply left it says "ok".
    """

    def __init__(self, *replies: Sequence[Step], default: Sequence[Step] | None = None) -> None:
        self.streams: list[ScriptedStream] = []
        self._replies = deque(replies)
        self._default = default

    def reply_next(self, *replies: Sequence[Step]) -> None:
        self._replies.extend(replies)

    def drop_replies(self) -> None:
        """What is left of them was for answers that were never asked for."""
        self._replies.clear()

    @property
    def has_replies(self) -> bool:
        return bool(self._replies)

    @property
    def requests(self) -> list[ModelRequest]:
        return [stream.request for stream in self.streams]

    @property
    def open_streams(self) -> int:
        return sum(not stream.closed for stream in self.streams)

    async def stream(self, request: ModelRequest, tell: Callable[[ModelChunk], None]) -> None:
        stream = ScriptedStream(request)
        self.streams.append(stream)
        steps = self._replies.popleft() if self._replies else self._default or saying("ok")
        try:
            await asyncio.sleep(0)
            await _say(steps, stream, tell)
        finally:
            stream.closed = True


async def _say(steps: Sequence[Step], stream: ScriptedStream, tell: Callable[[ModelChunk], None]) -> None:
    for step in steps:
        if isinstance(step, Exception):
            raise step
        if isinstance(step, asyncio.Event):
            await step.wait()
            continue
        stream.finished = step.end is not None
        tell(step)
        if stream.finished:
            return
        await asyncio.sleep(0)
    raise ModelServerFailed("The scripted answer stopped before its end.")


class ScriptedCatalog(model_catalog.ModelCatalog):
    """Knows these cards. While `error` is set, it is raised by everything that may raise one; `asked` names
    the models whose cards were asked for. `windows` are those of the models that are loaded."""

    def __init__(
        self, *cards: ModelCard, address: str | None = "http://scripted", reachable: bool | None = True
    ) -> None:
        self.cards = {card.name: card for card in cards}
        self.error: ModelServerError | NotFound | None = None
        self.reachable = reachable
        self.asked: list[str] = []
        self.windows: dict[str, int] = {}
        self._address = address

    @property
    def address(self) -> str | None:
        return self._address

    async def is_reachable(self) -> bool | None:
        return self.reachable

    async def list_models(self) -> Sequence[ModelCard]:
        if self.error is not None:
            raise self.error
        return list(self.cards.values())

    async def get_model(self, name: str) -> ModelCard:
        self.asked.append(name)
        if self.error is not None:
            raise self.error
        if name not in self.cards:
            raise ModelNotFound(name)
        return self.cards[name]

    async def loaded_windows(self) -> Mapping[str, int]:
        if self.error is not None:
            raise self.error
        return dict(self.windows)
