"""The OpenAPI document is valid, and says what the server does: no more, no less."""

import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from typing import get_args

from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator

from domain import run_event
from domain.errors import ValidationFailed
from domain.prompt import require_prompt_content
from entrypoints.http.app import OPERATIONS
from entrypoints.http.operations import PATH_PARAMETERS
from entrypoints.http.schemas.events import EVENTS
from tests.http.bench import VERSION, Client, HttpBench, Json, json_of

DOCUMENT = "/openapi.json"


def described(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


async def test_the_document_is_valid_openapi_3_1(client: Client) -> None:
    document = await json_of(await client.get(DOCUMENT))
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["version"] == VERSION


async def test_every_route_is_described_and_every_description_is_a_route(client: Client, bench: HttpBench) -> None:
    document = await json_of(await client.get(DOCUMENT))
    served = set(_served(bench.app()))
    assert {(method, path) for method, path, _ in described(document)} == served
    assert len(served) == len(OPERATIONS)


def _served(app: web.Application) -> Iterator[tuple[str, str]]:
    for route in app.router.routes():
        if route.method != "HEAD" and route.resource is not None:
            yield route.method, route.resource.canonical


async def test_a_blank_prompt_is_the_same_to_the_document_as_to_the_server(client: Client) -> None:
    schemas = (await json_of(await client.get(DOCUMENT)))["components"]["schemas"]
    pattern = schemas["NewPrompt"]["properties"]["content"]["pattern"]
    assert r"\s" not in pattern.lower(), "what that stands for, each language says for itself"
    differing = [chr(code) for code in range(sys.maxunicode) if bool(re.search(pattern, chr(code))) == _is_blank(code)]
    assert differing == []


def _is_blank(code: int) -> bool:
    try:
        require_prompt_content(chr(code))
    except ValidationFailed:
        return True
    return False


async def test_swagger_fills_in_no_header_that_may_be_left_out(client: Client) -> None:
    """It sends the example of a parameter unless one clears the field: each request under one `Idempotency-Key`."""
    document = await json_of(await client.get(DOCUMENT))
    headers = [
        parameter
        for _, _, operation in described(document)
        for parameter in operation["parameters"]
        if parameter["in"] == "header"
    ]
    assert headers
    for header in headers:
        assert not {"example", "examples"} & {*header, *header["schema"]}
        assert "For example `" in header["description"]


async def test_every_path_parameter_is_named_as_clients_know_it(client: Client) -> None:
    document = await json_of(await client.get(DOCUMENT))
    for _, path, operation in described(document):
        named = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"]
        assert named == re.findall(r"{(\w+)}", path)
        assert set(named) <= set(PATH_PARAMETERS)


async def test_every_operation_has_its_own_id_a_tag_and_its_errors(client: Client) -> None:
    document = await json_of(await client.get(DOCUMENT))
    operations = list(described(document))
    assert len({operation["operationId"] for _, _, operation in operations}) == len(operations)
    for method, _, operation in operations:
        assert operation["tags"]
        statuses = set(operation["responses"])
        assert {"408", "413", "415", "421", "422", "500"} <= statuses
        assert ("403" in statuses) == (method != "GET")
        assert ("401" in statuses) == bool(operation["security"])


async def test_a_body_is_described_with_what_it_needs(client: Client) -> None:
    document = await json_of(await client.get(DOCUMENT))
    body = document["paths"]["/api/v1/sessions"]["post"]["requestBody"]
    assert body["required"] is True
    name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][name]
    assert schema["required"] == ["model"]
    assert schema["additionalProperties"] is False
    assert document["paths"]["/api/v1/sessions/{session_id}/fork"]["post"]["requestBody"]["required"] is False


async def test_the_document_describes_query_and_other_media_types(client: Client) -> None:
    document = await json_of(await client.get(DOCUMENT))
    listing = document["paths"]["/api/v1/sessions"]["get"]["parameters"]
    assert [parameter["name"] for parameter in listing] == ["limit", "cursor", "q"]
    export = document["paths"]["/api/v1/sessions/{session_id}/export"]["get"]
    assert set(export["responses"]["200"]["content"]) == {"application/json", "text/markdown"}


def test_every_event_of_a_run_has_a_model_with_the_fields_of_its_data() -> None:
    events = get_args(run_event.RunEvent)
    assert {event.name for event in events} == set(EVENTS)
    for name, model in EVENTS.items():
        told = [{field.name for field in fields(event)} for event in events if event.name == name]
        assert set(model.model_fields) == set.union(*told)
        required = {field for field, info in model.model_fields.items() if info.is_required()}
        assert required == set.intersection(*told), "a field that only some of this name have is optional"


async def test_a_stream_is_described_by_its_events(client: Client) -> None:
    document = await json_of(await client.get(DOCUMENT))
    stream = document["paths"]["/api/v1/chat/{session_id}/stream"]
    for method in ("get", "post"):
        schema = stream[method]["responses"]["200"]["content"]["text/event-stream"]["schema"]
        described_events = {event["properties"]["event"]["const"]: event["properties"] for event in schema["oneOf"]}
        assert set(described_events) == set(EVENTS)
        for properties in described_events.values():
            assert set(properties) == {"id", "event", "data"}
            assert properties["data"]["contentMediaType"] == "application/json"
            name = properties["data"]["contentSchema"]["$ref"].rpartition("/")[2]
            assert name in document["components"]["schemas"]
    assert "204" in stream["get"]["responses"]
