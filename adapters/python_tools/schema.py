"""JSON schemas as small models read them best, and as Ollama keeps them: flat, of a few words, always finite.

Whatever comes in, what goes out is sound: the schema of a tool was written by code that we know nothing of.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from adapters.codec.json_text import clean_text
from domain.json_value import JsonObject, JsonValue

MOST_NODES: Final = 1000
"""Schemas within one tool's, `$ref`s written out: far more than a model reads."""
MOST_DEPTH: Final = 40
_TEXT_CHARACTERS: Final = 4000
_VALUE_CHARACTERS: Final = 4000
_REFERENCE: Final = "#/$defs/"


class TooComplex(Exception):
    """More than a model can be told."""


def lowered(schema: JsonObject) -> JsonObject:
    """A JSON schema of an object, without `$ref`s. Raises TooComplex."""
    parameters = _Lowering(schema).node(schema, ())
    properties = parameters.get("properties", {})
    required = parameters.get("required")
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


class _Lowering:
    def __init__(self, root: JsonObject) -> None:
        definitions = root.get("$defs")
        self._definitions = definitions if isinstance(definitions, Mapping) else {}
        self._nodes = 0

    def node(self, schema: JsonValue, within: tuple[str, ...], depth: int = 0) -> dict[str, JsonValue]:
        """`within` names the definitions that are being written out."""
        self._nodes += 1
        if self._nodes > MOST_NODES or depth > MOST_DEPTH:
            raise TooComplex
        if not isinstance(schema, Mapping):
            return {}
        reference = _reference(schema)
        if reference is not None:
            return self._referred(reference, schema, within, depth)
        return {**_plain(schema), **self._nested(schema, within, depth)}

    def _referred(
        self, reference: str, schema: JsonObject, within: tuple[str, ...], depth: int
    ) -> dict[str, JsonValue]:
        name = reference.removeprefix(_REFERENCE)
        definition = self._definitions.get(name)
        if name in within:
            lowered = _plain(definition) if isinstance(definition, Mapping) else {}
            lowered["description"] = f"As the {clean_text(name)} that this is in."
        else:
            lowered = self.node(definition, (*within, name), depth + 1)
        # What stands beside the reference is about this very place.
        return {**lowered, **_plain(schema)}

    def _nested(self, schema: JsonObject, within: tuple[str, ...], depth: int) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {}
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            lowered = {clean_text(name): self.node(value, within, depth + 1) for name, value in properties.items()}
            found["properties"] = lowered
            required = [name for name in map(_text, _items(schema.get("required"))) if name in lowered]
            if required:
                found["required"] = required
        alternatives = [self.node(one, within, depth + 1) for one in _alternatives(schema)]
        if alternatives:
            found["anyOf"] = alternatives
        items = self._items_of(schema, within, depth)
        if items:
            found["items"] = items
        more = schema.get("additionalProperties")
        if isinstance(more, Mapping) and more:
            found["additionalProperties"] = self.node(more, within, depth + 1)
        return found

    def _items_of(self, schema: JsonObject, within: tuple[str, ...], depth: int) -> dict[str, JsonValue]:
        places = [self.node(one, within, depth + 1) for one in _items(schema.get("prefixItems"))]
        if not places:
            return self.node(schema["items"], within, depth + 1) if "items" in schema else {}
        different = [place for index, place in enumerate(places) if place not in places[:index]]
        return different[0] if len(different) == 1 else {"anyOf": different}


def _reference(schema: JsonObject) -> str | None:
    """Pydantic before 2.9 wrapped a reference that something stands beside in `allOf`."""
    everything = _items(schema.get("allOf"))
    if len(everything) == 1 and isinstance(everything[0], Mapping):
        return _reference(everything[0])
    reference = schema.get("$ref")
    return reference if isinstance(reference, str) else None


def _alternatives(schema: JsonObject) -> Sequence[JsonValue]:
    return _items(schema.get("anyOf")) or _items(schema.get("oneOf"))


def _plain(schema: JsonObject) -> dict[str, JsonValue]:
    """What a schema says of itself, without others in it."""
    found: dict[str, JsonValue] = {}
    kind = schema.get("type")
    if isinstance(kind, str) or (_items(kind) and all(isinstance(one, str) for one in _items(kind))):
        found["type"] = kind
    description = _description(schema)
    if description:
        found["description"] = description
    values = _items(schema.get("enum")) or ([schema["const"]] if "const" in schema else [])
    if values and _is_shallow(values):
        found["enum"] = values
    default = schema.get("default")
    if default is not None and _is_shallow(default):
        found["default"] = default
    return found


def _description(schema: JsonObject) -> str:
    """With the format of a string, such as `date-time`, which a model needs to know and Ollama does not pass on."""
    text, form = _text(schema.get("description")), _text(schema.get("format"))
    if not form:
        return text
    return f"{text} ({form})" if text else form


def _is_shallow(value: JsonValue, depth: int = 5) -> bool:
    """Whether a value is worth telling, and can be written as JSON by everyone."""
    if isinstance(value, str):
        return len(value) <= _VALUE_CHARACTERS
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, Sequence):
        return depth > 0 and len(value) <= _TEXT_CHARACTERS and all(_is_shallow(one, depth - 1) for one in value)
    return True


def _items(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _text(value: JsonValue) -> str:
    return clean_text(value)[:_TEXT_CHARACTERS] if isinstance(value, str) else ""
