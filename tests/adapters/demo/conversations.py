"""Histories, and what the demo model makes of them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from adapters.demo.language_model import DemoLanguageModel
from adapters.demo.model_catalog import DEMO_MODEL
from application.ports.language_model import ModelChunk, ModelEnd, ModelRequest
from domain.message import AssistantMessage, Message, SystemMessage, ToolCall, UserMessage

AT = datetime(2026, 1, 2, tzinfo=UTC)


def conversation(*texts: str, system: str | None = None) -> list[Message]:
    """A person and the model in turn, the person first."""
    messages: list[Message] = []
    if system is not None:
        messages.append(SystemMessage(message_id="0" * 10, timestamp=AT, content=system))
    for number, text in enumerate(texts):
        message_id = f"{number:010x}"
        if number % 2:
            messages.append(AssistantMessage(message_id=message_id, timestamp=AT, content=text, model=DEMO_MODEL))
        else:
            messages.append(UserMessage(message_id=message_id, timestamp=AT, content=text))
    return messages


def request(*texts: str) -> ModelRequest:
    return ModelRequest(model=DEMO_MODEL, messages=conversation(*texts))


@dataclass(frozen=True)
class Heard:
    pieces: list[str]
    thoughts: list[str]
    end: ModelEnd
    calls: list[ToolCall]

    @property
    def text(self) -> str:
        return "".join(self.pieces)


async def hear(asked: ModelRequest) -> Heard:
    chunks: list[ModelChunk] = []
    await DemoLanguageModel(pieces_per_second=None).stream(asked, chunks.append)
    end = chunks[-1].end
    assert end is not None
    return Heard(
        pieces=[chunk.content for chunk in chunks if chunk.content],
        thoughts=[chunk.thinking for chunk in chunks if chunk.thinking],
        end=end,
        calls=[call for chunk in chunks for call in chunk.tool_calls],
    )


async def say(*texts: str) -> str:
    return (await hear(request(*texts))).text


def with_options(asked: ModelRequest, **options: int | str | list[str]) -> ModelRequest:
    return replace(asked, options=options)
