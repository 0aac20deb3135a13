"""What the API can do, as one table: it routes, validates and writes the document, so that there is no second truth."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, JsonValue

from entrypoints.http.requests import BODY, MAX_MESSAGE_INDEX, QUERY
from entrypoints.http.schemas.base import NoFields
from entrypoints.http.schemas.prompts import PROMPT_FILENAME
from entrypoints.http.validation import validated_body, validated_query

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

JSON = "application/json"
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathParameter:
    """`pattern` matches the percent-encoded path; what it means is for the handler to check. `schema` is what the
    document says of the value, which has the `example`."""

    description: str
    example: str | int
    pattern: str = "[^/]+"
    schema: Mapping[str, JsonValue] = field(default_factory=lambda: {"type": "string"})


PATH_PARAMETERS: Mapping[str, PathParameter] = MappingProxyType(
    {
        "session_id": PathParameter(description="Ten lower-case hex characters.", example="d92727872d"),
        "message_index": PathParameter(
            description="Place in the whole list of messages, from 0; the system message counts.",
            example=0,
            schema={"type": "integer", "minimum": 0, "maximum": MAX_MESSAGE_INDEX},
        ),
        "run_id": PathParameter(description="Sixteen lower-case hex characters.", example="fa7929db3dd08764"),
        "filename": PathParameter(
            description="Name of a prompt file, ending with `.md`.", example="pirate.md", schema=PROMPT_FILENAME
        ),
        "tool_name": PathParameter(description="Name of a tool.", example="get_weather"),
        "agent_name": PathParameter(description="Name of an agent.", example="researcher"),
        "model_name": PathParameter(
            description="Name of a model; it may hold `:` and `/`, as they are or percent-encoded.",
            example="qwen3:8b",
            pattern=r"[\s\S]+",
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One way in which an operation succeeds.

    `content` gives the model of each media type, None for text of no model; empty for an answer without a body.
    `events` are the server-sent events of a stream, by their names. `headers` says what those of the answer tell.
    """

    status: int = 200
    description: str
    content: Mapping[str, type[BaseModel] | None] = field(default_factory=dict)
    events: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A request header that an operation reads beside those of every request."""

    name: str
    description: str
    example: str
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A method of a path. `errors` are the codes it may fail with, besides those of every operation.

    `name` tells operations apart in the document; without one they are called as their handlers are.
    """

    method: Method
    path: str
    handler: Handler
    summary: str
    tag: str
    answers: tuple[Answer, ...]
    description: str = ""
    query: type[BaseModel] = NoFields
    headers: tuple[Header, ...] = ()
    body: type[BaseModel] | None = None
    body_may_be_absent: bool = False
    errors: tuple[str, ...] = ()
    needs_key: bool = True
    name: str = ""

    @property
    def operation_id(self) -> str:
        return self.name or self.handler.__name__

    @property
    def path_parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def streams(self) -> bool:
        return any(answer.events for answer in self.answers)


def json_answer_of(model: type[BaseModel], description: str, status: int = 200) -> Answer:
    return Answer(status=status, description=description, content={JSON: model})


def no_content(description: str) -> Answer:
    return Answer(status=204, description=description)


def event_stream(events: Mapping[str, type[BaseModel]], description: str) -> Answer:
    return Answer(description=description, events=events)


def add_routes(router: web.UrlDispatcher, operations: Iterable[Operation]) -> None:
    """A route for each operation; HEAD too for each GET that is no stream, which would have no end."""
    for operation in operations:
        path = re.sub(r"{(\w+)}", lambda match: _routed(match[1]), operation.path)
        handler = _validating(operation)
        if operation.method == "GET" and not operation.streams:
            router.add_route("HEAD", path, handler)
        router.add_route(operation.method, path, handler)


def _routed(name: str) -> str:
    return f"{{{name}:{PATH_PARAMETERS[name].pattern}}}"


def _validating(operation: Operation) -> Handler:
    body_model = operation.body or NoFields
    body_may_be_absent = operation.body is None or operation.body_may_be_absent

    async def handle(request: web.Request) -> web.StreamResponse:
        request[QUERY] = validated_query(request.query, operation.query)
        request[BODY] = await validated_body(request, body_model, may_be_absent=body_may_be_absent)
        return await operation.handler(request)

    return handle
