"""Asking a model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.json_value import JsonObject
from domain.message import Message, ToolCall
from domain.run import Think
from domain.tool import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One question to a model.

    `messages` is the history as stored; an assistant message at its end is to be continued. `think` None means that
    nothing is said of it. `options` never holds `num_ctx`: that is `num_ctx` here, in tokens, None for the server's
    own choice. `format` is a JSON schema that the answer must satisfy. `tools` are those that the model may call.
    """

    model: str
    messages: Sequence[Message]
    think: Think | None = None
    options: JsonObject | None = None
    format: JsonObject | None = None
    num_ctx: int | None = None
    tools: Sequence[Tool] = ()


@dataclass(frozen=True, slots=True)
class ModelEnd:
    """What the server says when the answer is complete. Counts are tokens, None where it did not count."""

    done_reason: str = "stop"
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    load_duration_ns: int | None = None


@dataclass(slots=True)
class ModelChunk:
    """A piece of an answer, as it came: any of its parts may be empty. Only the last chunk has an `end`.

    Not frozen because one is made for every token; nobody changes one.
    """

    content: str = ""
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    end: ModelEnd | None = None


class LanguageModel(Protocol):
    async def stream(self, request: ModelRequest, tell: Callable[[ModelChunk], None]) -> None:
        """Ask, and have `tell` called with the answer, piece by piece, to its end.

        Every piece the server sends is one chunk, in its order, none merged; tool calls may ride in any chunk, the
        last one too, and each has a `call_id`, the server's own or a new one. Text is clean: a lone surrogate
        arrives as U+FFFD. The last chunk, and no other, has `end`; an answer that stops without one is a
        ModelServerFailed. Cancelling the call ends the generation at the server, whenever it comes.

        `tell` is called by the event loop, as a piece arrives: it must be quick. For many pieces that come at once it
        is called many times in a row. What it raises ends the generation and is raised here.

        Raises ModelNotFound; ModelServerUnreachable where no connection is had; ModelServerTimeout where the server
        was silent for too long; ModelServerFailed, with the server's own words, for everything else that it says or
        does wrong. What was told before stays valid.
        """
        ...
