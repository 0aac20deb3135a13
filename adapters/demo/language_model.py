"""A model made of rules, for trying the server and for tests: it needs nothing and is never surprised."""

import asyncio
from collections.abc import Callable

from adapters.demo.composing import compose
from adapters.demo.model_catalog import require_demo_model
from application.ports import language_model as ports
from application.ports.language_model import ModelChunk, ModelEnd, ModelRequest

HUMAN_PACE = 35.0
"""Pieces a second: somewhat faster than people read, as a small model on a laptop."""


class DemoLanguageModel(ports.LanguageModel):
    """`pieces_per_second` None means as fast as the loop allows."""

    def __init__(self, *, pieces_per_second: float | None = HUMAN_PACE) -> None:
        self._pause = 0.0 if pieces_per_second is None else 1.0 / pieces_per_second

    async def stream(self, request: ModelRequest, tell: Callable[[ModelChunk], None]) -> None:
        require_demo_model(request.model)
        composition = await asyncio.to_thread(compose, request)
        for piece in composition.thinking:
            await asyncio.sleep(self._pause)
            tell(ModelChunk(thinking=piece))
        for piece in composition.content:
            await asyncio.sleep(self._pause)
            tell(ModelChunk(content=piece))
        end = ModelEnd(
            done_reason=composition.done_reason,
            prompt_eval_count=composition.prompt_count,
            eval_count=composition.count,
        )
        tell(ModelChunk(tool_calls=composition.tool_calls, end=end))
