"""Schemas made readable: each field described, and an example of each whole."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from pydantic import JsonValue

from entrypoints.http.field_notes import FIELD_NOTES

Schema: TypeAlias = dict[str, JsonValue]
Components: TypeAlias = Mapping[str, Schema]

_EXAMPLES: Mapping[str, JsonValue] = {"string": "text", "integer": 1, "number": 0.5, "boolean": True, "null": None}
_NAME = "get_weather"
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "object": (dict,),
    "array": (list,),
}


def describe_fields(components: Components) -> None:
    """Add what `FIELD_NOTES` knows to the fields that have no description of their own.

    Their titles go: Pydantic makes them of the names, and pages show both.
    """
    for schema in components.values():
        for name, of_field in _fields(schema):
            of_field.pop("title", None)
            if name in FIELD_NOTES:
                of_field.setdefault("description", FIELD_NOTES[name].description)


def example_of(schema: Schema, components: Components, name: str = "") -> JsonValue:
    """A value that `schema` allows. `name` is that of its field, whose note may have a better one than the type."""
    schema = _resolved(schema, components)
    if "const" in schema:
        return schema["const"]
    if name in FIELD_NOTES and _allows(schema, FIELD_NOTES[name].example, components):
        return FIELD_NOTES[name].example
    if given := _list(schema, "examples") or _list(schema, "enum"):
        return given[0]
    if "properties" in schema:
        return _example_of_object(schema, components)
    if alternatives := _alternatives(schema):
        return example_of(alternatives[0], components, name)
    return _example_of_type(schema, components)


def _example_of_object(schema: Schema, components: Components) -> Schema:
    """With the fields that must be there, and those whose models have an example for them."""
    needed = _list(schema, "required")
    return {
        name: example_of(of_field, components, "" if "examples" in of_field else name)
        for name, of_field in _fields(schema)
        if name in needed or "examples" in of_field
    }


def _example_of_type(schema: Schema, components: Components) -> JsonValue:
    match schema.get("type", "object"), schema.get("items"):
        case "array", dict() as items:
            return [example_of(items, components)]
        case "array", _:
            return []
        case "object", _:
            return _example_of_mapping(schema, components)
        case simple, _:
            return _EXAMPLES[str(simple)]


def _example_of_mapping(schema: Schema, components: Components) -> Schema:
    values = schema.get("additionalProperties")
    if not isinstance(values, dict) or "properties" not in _resolved(values, components):
        return {}
    example = example_of(values, components)
    name = example.get("name", _NAME) if isinstance(example, dict) else _NAME
    return {str(name): example}


def _allows(schema: Schema, value: JsonValue, components: Components) -> bool:
    schema = _resolved(schema, components)
    if alternatives := _alternatives(schema):
        return any(_allows(each, value, components) for each in alternatives)
    if "enum" in schema:
        return value in _list(schema, "enum")
    if "type" not in schema:
        return True
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        return schema["type"] == "array" and all(_allows(items, item, components) for item in value)
    is_flag = isinstance(value, bool) and schema["type"] != "boolean"
    return isinstance(value, _TYPES[str(schema["type"])]) and not is_flag and "properties" not in schema


def _resolved(schema: Schema, components: Components) -> Schema:
    reference = schema.get("$ref")
    return components[str(reference).rpartition("/")[2]] if reference else schema


def _alternatives(schema: Schema) -> list[Schema]:
    return [each for each in _list(schema, "anyOf") or _list(schema, "oneOf") if isinstance(each, dict)]


def _fields(schema: Schema) -> Iterable[tuple[str, Schema]]:
    fields = schema.get("properties")
    if isinstance(fields, dict):
        yield from ((name, of_field) for name, of_field in fields.items() if isinstance(of_field, dict))


def _list(schema: Schema, key: str) -> list[JsonValue]:
    value = schema.get(key)
    return value if isinstance(value, list) else []
