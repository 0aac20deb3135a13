"""The OpenAPI 3.1 document, built from the table of operations."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from entrypoints.http.api_overview import DESCRIPTION, LICENSE, TAGS
from entrypoints.http.openapi_responses import Document, responses_of
from entrypoints.http.openapi_schemas import Schemas
from entrypoints.http.operations import JSON, PATH_PARAMETERS, Operation
from entrypoints.http.schema_notes import Schema

_KEY = "key"


def build_document(operations: Sequence[Operation], version: str) -> Document:
    schemas = Schemas(operations)
    paths: dict[str, Document] = defaultdict(dict)
    for operation in operations:
        paths[operation.path][operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "mochi-server", "version": version, "description": DESCRIPTION, "license": LICENSE},
        "tags": [
            {"name": tag, "description": TAGS.get(tag, "")}
            for tag in dict.fromkeys(operation.tag for operation in operations)
        ],
        "paths": dict(paths),
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                _KEY: {"type": "http", "scheme": "bearer", "description": "One of the server's `MOCHI_API_KEYS`."}
            },
        },
    }


def _operation(operation: Operation, schemas: Schemas) -> Document:
    described: Document = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "description": operation.description,
        "tags": [operation.tag],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation), *_headers(operation)],
        "responses": responses_of(operation, schemas),
        # A server without MOCHI_API_KEYS asks for none, hence the empty alternative.
        "security": [{_KEY: []}, {}] if operation.needs_key else [],
    }
    if operation.body:
        schema = schemas.of_request(operation.body)
        described["requestBody"] = {
            "required": not operation.body_may_be_absent,
            "content": {JSON: {"schema": schema, "example": schemas.example_of(schema)}},
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
            "schema": parameter.schema,
            "example": parameter.example,
        }


def _query_parameters(operation: Operation) -> Iterable[Document]:
    schema = operation.query.model_json_schema()
    for name, of_parameter in schema.get("properties", {}).items():
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "description": of_parameter.get("description", ""),
            "schema": _as_text(of_parameter),
        }


def _as_text(schema: Schema) -> Schema:
    """Without null, which no text in a query stands for: a parameter that may be null may be left out."""
    match schema:
        case {"anyOf": [dict() as given, {"type": "null"}]}:
            rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default", "title"}}
            return {**rest, **given}
        case _:
            return schema


def _headers(operation: Operation) -> Iterable[Document]:
    """With examples in their descriptions alone: Swagger UI would fill them in, and send one key with each request."""
    for header in operation.headers:
        yield {
            "name": header.name,
            "in": "header",
            "required": False,
            "description": f"{header.description} For example `{header.example}`.",
            "schema": {"type": "string", **({"pattern": header.pattern} if header.pattern else {})},
        }
