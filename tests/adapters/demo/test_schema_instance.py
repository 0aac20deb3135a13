"""Values made for JSON schemas, judged by Pydantic where it wrote the schema, else by what is asked."""

import uuid
from datetime import date, datetime
from enum import Enum
from fractions import Fraction
from ipaddress import IPv4Address
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Gt, Le, Lt, MultipleOf
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from adapters.demo.schema_alternatives import NoInstance, Schema
from adapters.demo.schema_instance import Wishes, instance_of
from domain.json_value import JsonValue

WISHES = Wishes(text=lambda name: f"some {name}")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Leaf(BaseModel):
    kind: Literal["leaf"]
    size: Annotated[int, Gt(3), Lt(5)]


class Branch(BaseModel):
    kind: Literal["branch"]
    children: list["Branch | Leaf"] = Field(min_length=1, max_length=3)
    parent: "Branch | None" = None


class Everything(BaseModel):
    name: str = Field(min_length=20, max_length=25)
    short: str = Field(max_length=2)
    colour: Colour
    maybe: int | None
    tree: Annotated[Branch | Leaf, Field(discriminator="kind")]
    pair: tuple[int, str]
    table: dict[str, float]
    numbers: set[int] = Field(min_length=3)
    share: float = Field(gt=0, lt=0.4)
    grid: Annotated[float, MultipleOf(0.5), Ge(1.2)]
    step: Annotated[int, MultipleOf(3), Ge(10), Le(12)]
    below: Annotated[int, Lt(-5)]
    at: datetime
    day: date
    id: uuid.UUID
    address: IPv4Address
    yes: bool
    nothing: None
    anything: object
    optional: str = "left out or not"


@pytest.mark.parametrize(
    "kind",
    [Everything, Branch, list[Leaf], int | str, Colour, Literal[3, "x"], dict[str, Leaf], bool, None, float],
    ids=str,
)
def test_pydantic_accepts_what_is_made_for_its_schema(kind: type[object]) -> None:
    adapter = TypeAdapter(kind)

    adapter.validate_python(instance_of(adapter.json_schema(), WISHES))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({}, "some "),
        ({"const": {"a": [1]}}, {"a": [1]}),
        ({"enum": ["b", "a"]}, "b"),
        ({"type": ["null", "string"]}, None),
        ({"minimum": 9}, 9),
        ({"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 4}]}, 4),
        ({"allOf": [{"enum": [1, 2, 3]}, {"enum": [3, 2]}]}, 2),
        ({"type": "number", "allOf": [{"type": "integer"}]}, 7),
        ({"anyOf": [False, {"type": "boolean"}]}, True),
        ({"oneOf": [{"type": "integer", "maximum": 0, "minimum": 1}, {"const": 5}]}, 5),
        ({"prefixItems": [{"const": 1}, {"const": 2}], "items": False}, [1, 2]),
        ({"items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True}, ["a", "b", "c"]),
        ({"items": {"type": "boolean"}, "maxItems": 1}, [True]),
        ({"required": ["a"], "additionalProperties": {"const": 1}}, {"a": 1}),
        ({"type": "object", "minProperties": 1, "additionalProperties": {"const": 1}}, {"item_1": 1}),
        ({"properties": {"a": False, "b": {"const": 1}}}, {"b": 1}),
        ({"allOf": [{"properties": {"a": {"minimum": 9}}}, {"properties": {"a": {"type": "integer"}}}]}, {"a": 9}),
        ({"$ref": "#/definitions/a~1b%20c", "definitions": {"a/b c": {"const": 1}}}, 1),
        ({"type": "object", "anyOf": [{"required": ["x"]}], "properties": {"x": {"const": 1}}}, {"x": 1}),
    ],
)
def test_a_schema_gets_its_value(schema: Schema, value: JsonValue) -> None:
    assert instance_of(schema, WISHES) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2},
        {"type": "string", "minLength": 3, "maxLength": 2},
        {"type": "string", "minLength": 10**9},
        {"type": "array", "minItems": 3, "maxItems": 2},
        {"type": "array", "minItems": 10**9},
        {"type": "array", "items": {"const": 1}, "minItems": 2, "uniqueItems": True},
        {"type": "object", "required": ["a"], "additionalProperties": False},
        {"type": "mystery"},
        {"anyOf": [False]},
        {"allOf": [{"type": "string"}, {"type": "object"}]},
        {"$ref": "#"},
        {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"$ref": "#/nowhere"},
        {"$ref": "https://example.com/schema"},
        {"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}, "required": ["a", "b"]},
        {"items": "no schema", "minItems": 1},
    ],
)
def test_what_nothing_satisfies_has_no_instance(schema: Schema) -> None:
    with pytest.raises(NoInstance):
        instance_of(schema, WISHES)


def test_optional_recursion_ends() -> None:
    schema: Schema = {"type": "object", "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}

    assert isinstance(instance_of(schema, WISHES), dict)


def test_items_of_a_list_differ() -> None:
    assert instance_of({"items": {"type": "string"}, "minItems": 2}, WISHES) == ["some ", "some  2"]


@given(
    low=st.integers(-1_000, 1_000),
    span=st.integers(0, 50),
    step=st.integers(1, 20),
    whole=st.booleans(),
    wish=st.fractions(-2_000, 2_000),
)
def test_numbers_are_within_their_bounds_and_on_their_grid(
    *, low: int, span: int, step: int, whole: bool, wish: Fraction
) -> None:
    kind = "integer" if whole else "number"
    schema: Schema = {"type": kind, "minimum": low, "maximum": low + span, "multipleOf": step}
    assume(any(value % step == 0 for value in range(low, low + span + 1)))

    value = instance_of(schema, Wishes(WISHES.text, wish))

    assert isinstance(value, int)
    assert low <= value <= low + span
    assert value % step == 0
