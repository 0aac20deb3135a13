"""What a test can have the server answer: steps of a stream, or a refusal before it.

As with a real server the status and the headers go out with the first bytes of a stream, so what a script begins
with before any bytes (a pause, silence, a cut) happens before the headers.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from domain.json_value import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of an answer that goes on."""

    content: str = ""
    thinking: str = ""
    tool_calls: Sequence[JsonObject] = ()


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they are, in one HTTP chunk: garbage, wrong types, half a line."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wire:
    """Bytes beneath HTTP: in the place of a response where none has begun, else between its chunks."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """An `error` line under status 200; a status of 500 where nothing was sent yet, or nothing is streamed."""

    error: JsonValue = "an error was encountered while running the model: unexpected EOF"


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Gate:
    """Wait for the test. `reached` is set once the server waits here."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing more, until the client leaves."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The end of the connection: a reset, or where not, an ordinary close in the middle of the body."""

    reset: bool = True


@dataclass(frozen=True, slots=True)
class EndEarly:
    """A whole HTTP body without the last chunk, as the guard against repetition makes."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """`count` equal pieces, `per_second` of them, or as fast as they go; `per_write` of them go out at a time.

    `stamped` ones have as their content the time at which they are sent, in nanoseconds of the monotonic clock.
    """

    count: int
    per_second: float | None = None
    per_write: int = 1
    content: str = " token"
    stamped: bool = False


Step: TypeAlias = Piece | Raw | Wire | Failure | Pause | Gate | Silence | Cut | EndEarly | Tokens


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. Its last chunk is added where no step ends it before.

    `pace` is in seconds between steps. Counts and durations that are None are worked out. `last` is merged into the
    message of the last chunk: text, or tool calls as a newer server sends them there.
    """

    steps: Sequence[Step]
    pace: float = 0.0
    done_reason: str | None = "stop"
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    last: Piece = field(default_factory=Piece)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status with a body: JSON, plain text, or none."""

    status: int
    body: "JsonValue | bytes" = None
    headers: Mapping[str, str] = field(default_factory=dict)


Answer: TypeAlias = Reply | Refusal


def saying(*texts: str, pace: float = 0.0, done_reason: str | None = "stop") -> Reply:
    """A plain answer of these pieces."""
    return Reply([Piece(text) for text in texts], pace=pace, done_reason=done_reason)


def error(status: int, message: str) -> Refusal:
    """How Ollama words what fails before the first token."""
    return Refusal(status, {"error": message})


def busy() -> Refusal:
    """The queue is full."""
    return error(503, "server busy, please try again.  maximum pending requests exceeded")


def trickle(data: bytes, size: int = 1) -> list[Step]:
    """`data` in HTTP chunks of `size` bytes that reach the client apart from each other."""
    steps: list[Step] = []
    for start in range(0, len(data), size):
        steps += [Raw(data[start : start + size]), Pause(0)]
    return steps


def tool_call(name: str, arguments: JsonObject, call_id: str | None = None) -> JsonObject:
    """A call as it stands in a message; without an id as very old servers send it."""
    function: JsonObject = {"name": name, "arguments": arguments}
    return {"function": function} if call_id is None else {"id": call_id, "function": function}
