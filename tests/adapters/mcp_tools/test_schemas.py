"""References put in, and arguments judged."""

from typing import Any

import pytest

from adapters.mcp_tools.arguments import Parameters
from adapters.mcp_tools.schemas import flat_parameters
from domain.errors import ValidationFailed


def test_references_are_put_in() -> None:
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"at": {"$ref": "#/$defs/a~1b", "description": "Where."}, "$ref": {"type": "string"}},
        "$defs": {"a/b": {"type": "array", "items": {"$ref": "#/definitions/n"}, "description": "A point."}},
        "definitions": {"n": {"type": "number"}},
    }
    at = {"type": "array", "items": {"type": "number"}, "description": "Where."}
    assert flat_parameters(schema) == {"type": "object", "properties": {"at": at, "$ref": {"type": "string"}}}


def test_a_schema_that_holds_itself_ends() -> None:
    tree: dict[str, Any] = {
        "type": "object",
        "title": "T",
        "properties": {"child": {"$ref": "#/$defs/T"}},
        "required": ["child"],
    }
    flat = flat_parameters({"$ref": "#/$defs/T", "$defs": {"T": tree}})
    child = {"type": "object", "title": "T"}
    assert flat == {"type": "object", "title": "T", "properties": {"child": child}, "required": ["child"]}
    assert flat_parameters({"properties": {"self": {"$ref": "#"}}})["properties"] == {"self": {}}


def test_definitions_that_double_do_not_grow_without_end() -> None:
    definitions: dict[str, Any] = {
        f"d{depth}": {"type": "object", "properties": {side: {"$ref": f"#/$defs/d{depth + 1}"} for side in "lr"}}
        for depth in range(60)
    }
    flat = flat_parameters({"properties": {"top": {"$ref": "#/$defs/d0"}}, "$defs": definitions})
    assert "$ref" not in str(flat)
    assert len(str(flat)) < 5_000_000


@pytest.mark.parametrize("reference", ["#/$defs/none", "other.json", "https://example.com/s", "#/properties/a/x", "#x"])
def test_a_reference_to_nothing_takes_anything(reference: str) -> None:
    flat = flat_parameters({"properties": {"a": {"type": "string"}, "b": {"$ref": reference}}})
    assert flat["properties"] == {"a": {"type": "string"}, "b": {}}


@pytest.mark.parametrize("schema", [{"type": "string"}, {"$ref": "#/$defs/x", "$defs": {"x": {"type": "array"}}}])
def test_parameters_are_an_object(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no object"):
        flat_parameters(schema)


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 2},
        "unit": {"enum": ["C", "F"]},
        "days": {"type": ["integer", "null"]},
        "at": {"type": "array", "items": {"type": "object", "required": ["x", "y"]}},
    },
    "required": ["city", "unit"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "`city`, `unit` must be given."),
        ({"city": "Bonn", "unit": "K"}, '`unit` must be one of ["C", "F"], not "K".'),
        ({"city": "Bonn", "unit": "C", "days": "x"}, '`days` must be of type integer or null, not "x".'),
        ({"city": "Bonn", "unit": "C", "at": [{"x": 1}]}, "`at[0].y` must be given."),
        ({"city": "Bonn", "unit": "C", "Days": 1}, "`Days` does not exist; there is `city`, `unit`, `days`, `at`."),
        ({"city": "", "unit": "C"}, "`city`: '' is too short."),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        Parameters(SCHEMA).check(arguments)
    expected = f"The arguments are wrong. {words} Call the tool again with correct arguments."
    assert failed.value.message == expected


def test_words_stay_short() -> None:
    with pytest.raises(ValidationFailed) as failed:
        Parameters(SCHEMA).check({"city": ["x" * 10_000], "unit": "C" * 10_000})
    assert len(failed.value.message) < 1000


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": 5},
        {"type": "object", "properties": {"a": {"pattern": "("}}},
        {"type": "object", "properties": {"a": {"type": "odd"}}},
        {"type": "object", "properties": {"a": {"$dynamicRef": "https://example.com/schema"}}},
    ],
)
def test_a_broken_schema_forbids_nothing(schema: dict[str, Any]) -> None:
    assert Parameters(schema).check({"a": "x"}) == {"a": "x"}


def slow_to_match() -> dict[str, Any]:
    """A schema of which a letter more takes a pattern's matching twice as long."""
    slow = "^([a-z]+)*$"
    return {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": slow}},
        "propertyNames": {"pattern": slow},
        "patternProperties": {slow: {"type": "string"}},
        "additionalProperties": False,
        "unevaluatedProperties": False,
    }


@pytest.mark.parametrize("arguments", [{"a": "a" * 40 + "1"}, {"a" * 40 + "1": "a"}])
def test_a_pattern_is_the_servers_to_judge_by(arguments: dict[str, Any]) -> None:
    """It would take years, with nothing else of the process running."""
    assert Parameters(slow_to_match()).check(arguments) == arguments


def test_the_rest_of_such_a_schema_still_counts() -> None:
    with pytest.raises(ValidationFailed, match=r"`a` must be of type string, not 5\."):
        Parameters(slow_to_match()).check({"a": 5})


def test_arguments_become_plain_ones() -> None:
    assert Parameters({"type": "object"}).check({"a": ("\ud800", 1.0)}) == {"a": ["\ufffd", 1.0]}
