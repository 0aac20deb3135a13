"""What the contract suites of the two models' ports run over. A new adapter adds one function here."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from adapters.demo.language_model import DemoLanguageModel
from adapters.demo.model_catalog import DEMO_MODEL, DemoModelCatalog
from adapters.ollama.client import OllamaClient
from adapters.ollama.language_model import OllamaLanguageModel
from adapters.ollama.model_catalog import OllamaModelCatalog
from application.ports.language_model import LanguageModel, ModelChunk, ModelRequest
from application.ports.model_catalog import ModelCatalog
from domain.errors import ModelNotFound
from domain.json_value import JsonObject
from domain.model_card import ModelCard
from tests.doubles.ollama_server.flavour import Version
from tests.doubles.ollama_server.script import EndEarly, Failure, Piece, Reply, Step
from tests.doubles.ollama_server.server import OllamaServer
from tests.fakes.id_source import CountingIds
from tests.fakes.scripted_model import ScriptedCatalog, ScriptedModel, saying

Script: TypeAlias = Sequence[ModelChunk | Exception]
"""What the server is to answer: chunks, an error to report, and nothing more where the last chunk has no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An adapter with a server behind it. `answer_next` is None where the answer cannot be written down."""

    model: LanguageModel
    catalog: ModelCatalog
    chat_model: str
    thinking_model: str | None
    answer_next: Callable[[Script], None] | None = None
    wait_until_idle: Callable[[], Awaitable[None]] | None = None


OpenSubject: TypeAlias = Callable[[], AbstractAsyncContextManager[Subject]]


def _ollama(version: Version) -> OpenSubject:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Subject]:
        async with OllamaServer(version) as server:
            client = OllamaClient(host=server.url, timeout=5)
            yield Subject(
                model=OllamaLanguageModel(client=client, ids=CountingIds()),
                catalog=OllamaModelCatalog(client=client),
                chat_model="tiny",
                thinking_model="tiny-think",
                answer_next=lambda script: server.answer_next(_reply(script)),
                wait_until_idle=server.wait_idle,
            )
            await client.aclose()

    return opened


def _reply(script: Script) -> Reply:
    steps: list[Step] = []
    for item in script:
        if isinstance(item, Exception):
            return Reply([*steps, Failure(str(item))])
        piece = Piece(item.content, item.thinking, [_call(item, index) for index in range(len(item.tool_calls))])
        if item.end:
            counts = item.end.prompt_eval_count, item.end.eval_count
            return Reply(steps, 0.0, item.end.done_reason, *counts, last=piece)
        steps.append(piece)
    return Reply([*steps, EndEarly()])


def _call(chunk: ModelChunk, index: int) -> JsonObject:
    call = chunk.tool_calls[index]
    return {"id": call.call_id, "function": {"name": call.tool_name, "arguments": call.arguments}}


@asynccontextmanager
async def _scripted() -> AsyncIterator[Subject]:
    model = _ScriptedOfOneModel()
    yield Subject(
        model=model,
        catalog=ScriptedCatalog(ModelCard(name="scripted", capabilities=frozenset({"completion"}))),
        chat_model="scripted",
        thinking_model=None,
        answer_next=model.reply_next,
        wait_until_idle=model.require_closed,
    )


class _ScriptedOfOneModel(ScriptedModel):
    """The fake as a use case's test sets it up that wants to see a missing model."""

    async def stream(self, request: ModelRequest, tell: Callable[[ModelChunk], None]) -> None:
        if request.model != "scripted":
            raise ModelNotFound(request.model)
        if not self.has_replies:
            self.reply_next(saying("It ", "says ", "this."))
        await super().stream(request, tell)

    async def require_closed(self) -> None:
        assert self.open_streams == 0


@asynccontextmanager
async def _demo() -> AsyncIterator[Subject]:
    yield Subject(
        model=DemoLanguageModel(pieces_per_second=None),
        catalog=DemoModelCatalog(),
        chat_model=DEMO_MODEL,
        thinking_model=DEMO_MODEL,
    )


SUBJECTS: dict[str, OpenSubject] = {
    "ollama 0.20.7": _ollama("0.20.7"),
    "ollama 0.32.15": _ollama("0.32.15"),
    "scripted": _scripted,
    "demo": _demo,
}
