"""The document explains: everything in it is described, and has an example that is one."""

import re
from collections.abc import Iterator

import orjson
import pytest
from jsonschema import Draft202012Validator

from entrypoints.http.app import OPERATIONS
from entrypoints.http.error_meanings import MEANING_BY_CODE
from entrypoints.http.errors import STATUS_BY_CODE
from entrypoints.http.json_bytes import to_json
from entrypoints.http.openapi import build_document
from entrypoints.http.operations import EVENT_STREAM, JSON
from tests.http.bench import VERSION, Json

KNOWN_KEYWORDS = {
    *Draft202012Validator.VALIDATORS,
    *("title", "description", "default", "examples", "then", "else", "discriminator"),
    *("contentEncoding", "contentMediaType", "contentSchema"),
}


@pytest.fixture(scope="module")
def document() -> Json:
    return orjson.loads(to_json(build_document(OPERATIONS, VERSION)))


def operations_of(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents_of(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Whose it is, its media type, and its description, of each body and answer."""
    for name, operation in operations_of(document):
        sources = {"body": operation.get("requestBody", {}), **operation["responses"]}
        for where, source in sources.items():
            for media_type, content in source.get("content", {}).items():
                yield f"{name} {where}", media_type, content


def test_every_operation_tag_and_parameter_is_described(document: Json) -> None:
    nameless = [tag["name"] for tag in document["tags"] if not tag["description"]]
    for name, operation in operations_of(document):
        nameless += [f"{name} {part}" for part in ("summary", "description") if not operation[part]]
        nameless += [f"{name} {each['name']}" for each in operation["parameters"] if not each["description"]]
        nameless += [f"{name} {status}" for status, each in operation["responses"].items() if not each["description"]]
    assert nameless == []


def test_every_field_is_described(document: Json) -> None:
    """By its model, or by FIELD_NOTES where the name says the same everywhere."""
    schemas = document["components"]["schemas"]
    fields = [
        f"{model}.{name}"
        for model, schema in schemas.items()
        for name, field in schema.get("properties", {}).items()
        if not field.get("description")
    ]
    assert fields == []


def test_every_code_has_a_meaning_and_a_status() -> None:
    assert MEANING_BY_CODE.keys() == STATUS_BY_CODE.keys()


def test_every_body_answer_and_error_has_examples_that_fit(document: Json) -> None:
    for name, media_type, content in contents_of(document):
        examples = [each["value"] for each in content.get("examples", {}).values()]
        if "example" in content:
            examples.append(content["example"])
        if media_type == JSON and name != "GET /openapi.json 200":
            assert examples, name
        for example in examples:
            assert list(validator_of(content["schema"], document).iter_errors(example)) == [], (name, example)


def test_every_example_of_an_event_holds_data_that_fit(document: Json) -> None:
    streams = [content for _, media_type, content in contents_of(document) if media_type == EVENT_STREAM]
    assert streams
    for stream in streams:
        for event in stream["schema"]["oneOf"]:
            assert event["description"]
            name, data = event["properties"]["event"]["const"], event["properties"]["data"]["contentSchema"]
            example = orjson.loads(stream["examples"][name]["value"]["data"])
            assert list(validator_of(data, document).iter_errors(example)) == [], name


def test_every_parameter_has_an_example_that_fits(document: Json) -> None:
    for name, operation in operations_of(document):
        for parameter in operation["parameters"]:
            examples = [parameter["example"]] if "example" in parameter else parameter["schema"].get("examples", [])
            examples += re.findall(r"For example `(.+)`\.$", parameter["description"])
            assert parameter["in"] == "query" or examples, (name, parameter["name"])
            for example in examples:
                assert Draft202012Validator(parameter["schema"]).is_valid(example), (name, parameter["name"])


def test_no_keyword_of_a_schema_is_one_that_no_reader_knows(document: Json) -> None:
    """Pydantic writes `ge` for a bound that it cannot place, and clients read over it."""
    schemas = [*document["components"]["schemas"].values()]
    schemas += [each["schema"] for _, operation in operations_of(document) for each in operation["parameters"]]
    schemas += [content["schema"] for _, _, content in contents_of(document)]
    assert {keyword for schema in schemas for keyword in keywords_of(schema)} - KNOWN_KEYWORDS == set()


def keywords_of(schema: Json) -> Iterator[str]:
    for keyword, value in schema.items():
        yield keyword
        inner = value.values() if keyword == "properties" else value if isinstance(value, list) else [value]
        if keyword not in {"example", "examples", "default", "const", "enum", "discriminator"}:
            for each in inner:
                if isinstance(each, dict):
                    yield from keywords_of(each)


def validator_of(schema: Json, document: Json) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})
