"""Ollama's models, asked over /api/chat."""

import asyncio
from collections.abc import Callable

from adapters.ollama.answer import chunk_of
from adapters.ollama.client import OllamaClient
from adapters.ollama.errors import wire_errors
from adapters.ollama.lines import Lines
from adapters.ollama.messages import encoded
from application.ports import language_model as ports
from application.ports.id_source import IdSource
from domain.errors import ModelServerFailed

SHORT_HISTORY = 200
"""Messages that are written as JSON in well under a millisecond."""


class OllamaLanguageModel(ports.LanguageModel):
    """`ids` gives ids to the tool calls of servers that send none. Whoever made the client closes it."""

    def __init__(self, *, client: OllamaClient, ids: IdSource) -> None:
        self._client = client
        self._ids = ids

    async def stream(self, request: ports.ModelRequest, tell: Callable[[ports.ModelChunk], None]) -> None:
        answer = _Answer(self._ids, tell)
        body = await self._encoded(request)
        with wire_errors(self._client.address, model=request.model):
            await self._client.post_chat(body, answer.take)
            if not answer.has_ended:
                answer.take_last_line()
        if not answer.has_ended:
            raise ModelServerFailed("Ollama's answer stopped before its end. What came is kept; try again.")

    async def _encoded(self, request: ports.ModelRequest) -> bytes:
        """A thread for what would hold up the loop; for a short history the way there would take longer."""
        if len(request.messages) <= SHORT_HISTORY:
            return encoded(request)
        return await asyncio.to_thread(encoded, request)


class _Answer:
    """The body of an answer, told as it comes."""

    def __init__(self, ids: IdSource, tell: Callable[[ports.ModelChunk], None]) -> None:
        self._ids = ids
        self._tell = tell
        self._lines = Lines()
        self.has_ended = False

    def take(self, block: bytes) -> bool:
        """Whether this was the last of it. Raises ModelServerFailed, and what `tell` raises."""
        for line in self._lines.feed(block):
            chunk = chunk_of(line, self._ids)
            self._tell(chunk)
            if chunk.end is not None:
                self.has_ended = True
                return True
        return False

    def take_last_line(self) -> None:
        """It may lack its end."""
        self.take(self._lines.end())
