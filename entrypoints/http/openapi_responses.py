"""What an operation may answer, as the document says it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias

from entrypoints.http.error_meanings import MEANING_BY_CODE
from entrypoints.http.errors import STATUS_BY_CODE, TOO_LATE, BodyTooLate
from entrypoints.http.json_bytes import to_json
from entrypoints.http.openapi_schemas import Schemas
from entrypoints.http.operations import EVENT_STREAM, JSON, Answer, Operation
from entrypoints.http.schema_notes import Schema
from entrypoints.http.schemas.errors import Error

Document: TypeAlias = dict[str, object]

_ALWAYS_POSSIBLE = (
    "HOST_NOT_ALLOWED",
    "PAYLOAD_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "VALIDATION_ERROR",
    "INTERNAL_ERROR",
)
_ERROR_HEADERS: Mapping[int, Mapping[str, str]] = MappingProxyType({401: {"WWW-Authenticate": "`Bearer`."}})
_STREAM_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "`no-cache, no-transform`.",
        "X-Accel-Buffering": "`no`: a proxy must hand on each event at once.",
    }
)
_EVENT_ID = "fa7929db3dd08764:1"


def responses_of(operation: Operation, schemas: Schemas) -> Document:
    return {**_successes(operation, schemas), **_errors(operation, schemas)}


def _successes(operation: Operation, schemas: Schemas) -> Document:
    return {str(answer.status): _success(answer, schemas) for answer in operation.answers}


def _success(answer: Answer, schemas: Schemas) -> Document:
    content: Document = {}
    for media_type, model in answer.content.items():
        if model is None:
            content[media_type] = {"schema": {"type": "object" if media_type == JSON else "string"}}
        else:
            schema = schemas.of_answer(model)
            content[media_type] = {"schema": schema, "example": schemas.example_of(schema)}
    if answer.events:
        content[EVENT_STREAM] = _stream(answer, schemas)
    described: Document = {"description": answer.description}
    if headers := {**answer.headers, **(_STREAM_HEADERS if answer.events else {})}:
        described["headers"] = _headers(headers)
    return {**described, "content": content} if content else described


def _headers(descriptions: Mapping[str, str]) -> Document:
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in descriptions.items()}


def _stream(answer: Answer, schemas: Schemas) -> Document:
    data = {name: schemas.of_answer(model) for name, model in answer.events.items()}
    return {
        "schema": {"oneOf": [_event(name, schema, schemas) for name, schema in data.items()]},
        "examples": {name: {"value": _event_example(name, schema, schemas)} for name, schema in data.items()},
    }


def _event(name: str, data: Schema, schemas: Schemas) -> Document:
    """One server-sent event, seen as an object of its fields."""
    return {
        "type": "object",
        "title": name,
        "description": schemas.description_of(data),
        "required": ["id", "event", "data"],
        "properties": {
            "id": {"type": "string", "description": "`RUN_ID:SEQUENCE`, for `Last-Event-ID`."},
            "event": {"const": name, "description": "The event's name."},
            "data": {
                "type": "string",
                "description": "One line of JSON.",
                "contentMediaType": JSON,
                "contentSchema": data,
            },
        },
    }


def _event_example(name: str, data: Schema, schemas: Schemas) -> Document:
    return {"id": _EVENT_ID, "event": name, "data": to_json(schemas.example_of(data)).decode()}


def _errors(operation: Operation, schemas: Schemas) -> Document:
    codes_by_status: dict[int, list[str]] = defaultdict(list)
    for code in dict.fromkeys((*operation.errors, *_guarding_codes(operation), *_ALWAYS_POSSIBLE)):
        codes_by_status[STATUS_BY_CODE[code]].append(code)
    codes_by_status[TOO_LATE].append(BodyTooLate.code)
    return {str(status): _error(status, codes, schemas) for status, codes in sorted(codes_by_status.items())}


def _guarding_codes(operation: Operation) -> Iterable[Literal["UNAUTHORIZED", "FORBIDDEN"]]:
    if operation.needs_key:
        yield "UNAUTHORIZED"
    if operation.method != "GET":
        yield "FORBIDDEN"


def _error(status: int, codes: Sequence[str], schemas: Schemas) -> Document:
    described: Document = {
        "description": "\n".join(f"- `{code}`: {MEANING_BY_CODE[code]}" for code in codes),
        "content": {
            JSON: {
                "schema": {
                    "allOf": [
                        schemas.of_answer(Error),
                        {"properties": {"error": {"properties": {"code": {"enum": list(codes)}}}}},
                    ]
                },
                "examples": {code: {"value": _error_example(code)} for code in codes},
            }
        },
    }
    return described | ({"headers": _headers(_ERROR_HEADERS[status])} if status in _ERROR_HEADERS else {})


def _error_example(code: str) -> Document:
    return {"error": {"code": code, "message": MEANING_BY_CODE[code], "details": {}}}
