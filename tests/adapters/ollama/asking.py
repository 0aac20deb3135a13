"""Questions, and reading answers as far as they go."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from application.ports.language_model import LanguageModel, ModelChunk, ModelRequest
from domain.errors import MochiError
from domain.message import Message, UserMessage

AT = datetime(2026, 1, 2, tzinfo=UTC)


def question(text: str = "hello", images: tuple[str, ...] = ()) -> UserMessage:
    return UserMessage(message_id="00000000aa", timestamp=AT, content=text, images=images)


def asking(model: str = "tiny", messages: Sequence[Message] = ()) -> ModelRequest:
    return ModelRequest(model=model, messages=messages or (question(),))


@dataclass(slots=True)
class Reading:
    """What an answer gave, and the error that ended it."""

    chunks: list[ModelChunk] = field(default_factory=list)
    error: MochiError | None = None

    @property
    def texts(self) -> list[str]:
        return [chunk.content for chunk in self.chunks if chunk.content]

    @property
    def text(self) -> str:
        return "".join(self.texts)


async def read(model: LanguageModel, request: ModelRequest | None = None) -> Reading:
    """Never raises a domain error; any other is a fault of the adapter and passes."""
    reading = Reading()
    try:
        await model.stream(request or asking(), reading.chunks.append)
    except MochiError as error:
        reading.error = error
    return reading
