"""Ollama's models, asked over /api/chat."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

from adapters.ollama.answer import chunk_of
from adapters.ollama.client import OllamaClient
from adapters.ollama.errors import domain_errors
from adapters.ollama.lines import Lines
from adapters.ollama.messages import encoded
from adapters.ollama.transport import Body
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

    @asynccontextmanager
    async def stream(self, request: ports.ModelRequest) -> AsyncIterator[AsyncIterator[ports.ModelChunk]]:
        # Errors are translated around what we do, never around the body of the caller's `async with`.
        async with AsyncExitStack() as stack:
            with domain_errors(self._client.address, model=request.model):
                body = await self._encoded(request)
                answer = await stack.enter_async_context(self._client.post_chat(body))
            yield await stack.enter_async_context(aclosing(self._chunks(answer)))

    async def _encoded(self, request: ports.ModelRequest) -> bytes:
        """A thread for what would hold up the loop; for a short history the way there would take longer."""
        if len(request.messages) <= SHORT_HISTORY:
            return encoded(request)
        return await asyncio.to_thread(encoded, request)

    async def _chunks(self, answer: Body) -> AsyncGenerator[ports.ModelChunk, None]:
        lines = Lines()
        with domain_errors(self._client.address):
            block = await answer.read()
            while block:
                for line in lines.feed(block):
                    chunk = chunk_of(line, self._ids)
                    yield chunk
                    if chunk.end is not None:
                        return
                # A last line may lack its end.
                block = await answer.read() or lines.end()
        raise ModelServerFailed("Ollama's answer stopped before its end. What came is kept; try again.")
