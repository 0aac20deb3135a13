"""The OpenAPI 3.1 document, built from the table of operations."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Literal, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from entrypoints.http.errors import STATUS_BY_CODE
from entrypoints.http.operations import EVENT_STREAM, JSON, PATH_PARAMETERS, Answer, Operation
from entrypoints.http.schemas.errors import Error

Document: TypeAlias = dict[str, object]
_ModelUse: TypeAlias = tuple[type[BaseModel], JsonSchemaMode]

_ALWAYS_POSSIBLE = (
    "HOST_NOT_ALLOWED",
    "PAYLOAD_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "VALIDATION_ERROR",
    "INTERNAL_ERROR",
)
_KEY = "key"


def build_document(operations: Sequence[Operation], version: str) -> Document:
    schemas = _Schemas(operations)
    paths: dict[str, Document] = defaultdict(dict)
    for operation in operations:
        paths[operation.path][operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mochi-server",
            "version": version,
            "description": "Persistent chat sessions over Ollama, streamed by server-sent events.",
        },
        "paths": dict(paths),
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {_KEY: {"type": "http", "scheme": "bearer"}},
        },
    }


class _Schemas:
    """The models of all operations as JSON schemas: `components`, and references to them."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        uses = dict.fromkeys(chain([_answer_use(Error)], *map(_models_of, operations)))
        self._references, definitions = models_json_schema(list(uses), ref_template="#/components/schemas/{model}")
        self.components: dict[str, Document] = definitions.get("$defs", {})

    def of_request(self, model: type[BaseModel]) -> Document:
        return self._references[(model, "validation")]

    def of_answer(self, model: type[BaseModel]) -> Document:
        return self._references[_answer_use(model)]


def _answer_use(model: type[BaseModel]) -> _ModelUse:
    return model, "serialization"


def _models_of(operation: Operation) -> Iterable[_ModelUse]:
    if operation.body:
        yield operation.body, "validation"
    for answer in operation.answers:
        for model in (*answer.content.values(), *answer.events.values()):
            if model:
                yield _answer_use(model)


def _operation(operation: Operation, schemas: _Schemas) -> Document:
    described: Document = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation), *_headers(operation)],
        "responses": {**_successes(operation, schemas), **_errors(operation, schemas)},
        # A server without MOCHI_API_KEYS asks for none, hence the empty alternative.
        "security": [{_KEY: []}, {}] if operation.needs_key else [],
    }
    if operation.description:
        described["description"] = operation.description
    if operation.body:
        described["requestBody"] = {
            "required": not operation.body_may_be_absent,
            "content": {JSON: {"schema": schemas.of_request(operation.body)}},
        }
    return described


def _path_parameters(operation: Operation) -> Iterable[Document]:
    for name in operation.path_parameters:
        parameter = PATH_PARAMETERS[name]
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": parameter.description,
            "schema": {"type": parameter.type},
        }


def _query_parameters(operation: Operation) -> Iterable[Document]:
    schema = operation.query.model_json_schema()
    for name, of_parameter in schema.get("properties", {}).items():
        yield {"name": name, "in": "query", "required": name in schema.get("required", []), "schema": of_parameter}


def _headers(operation: Operation) -> Iterable[Document]:
    for header in operation.headers:
        yield {
            "name": header.name,
            "in": "header",
            "required": False,
            "description": header.description,
            "schema": {"type": "string"},
        }


def _successes(operation: Operation, schemas: _Schemas) -> Document:
    return {str(answer.status): _success(answer, schemas) for answer in operation.answers}


def _success(answer: Answer, schemas: _Schemas) -> Document:
    content: Document = {
        media_type: {"schema": schemas.of_answer(model) if model else _without_model(media_type)}
        for media_type, model in answer.content.items()
    }
    if answer.events:
        content[EVENT_STREAM] = {
            "schema": {"oneOf": [_event(name, schemas.of_answer(model)) for name, model in answer.events.items()]}
        }
    return {"description": answer.description, **({"content": content} if content else {})}


def _without_model(media_type: str) -> Document:
    return {"type": "object" if media_type == JSON else "string"}


def _event(name: str, data: Document) -> Document:
    """One server-sent event, seen as an object of its fields."""
    return {
        "type": "object",
        "required": ["id", "event", "data"],
        "properties": {
            "id": {"type": "string", "description": "`RUN_ID:SEQUENCE`, for `Last-Event-ID`."},
            "event": {"const": name},
            "data": {"type": "string", "contentMediaType": JSON, "contentSchema": data},
        },
    }


def _errors(operation: Operation, schemas: _Schemas) -> Document:
    codes_by_status: dict[int, list[str]] = defaultdict(list)
    for code in dict.fromkeys((*operation.errors, *_guarding_codes(operation), *_ALWAYS_POSSIBLE)):
        codes_by_status[STATUS_BY_CODE[code]].append(code)
    return {str(status): _error(codes, schemas) for status, codes in sorted(codes_by_status.items())}


def _guarding_codes(operation: Operation) -> Iterable[Literal["UNAUTHORIZED", "FORBIDDEN"]]:
    if operation.needs_key:
        yield "UNAUTHORIZED"
    if operation.method != "GET":
        yield "FORBIDDEN"


def _error(codes: Sequence[str], schemas: _Schemas) -> Document:
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "content": {
            JSON: {
                "schema": {
                    "allOf": [
                        schemas.of_answer(Error),
                        {"properties": {"error": {"properties": {"code": {"enum": list(codes)}}}}},
                    ]
                }
            }
        },
    }
