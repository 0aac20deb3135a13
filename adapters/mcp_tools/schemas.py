"""Parameters as a schema without `$ref`s: small models read flat ones better, and not every server knows references."""

from collections.abc import Mapping
from urllib.parse import unquote

from domain.json_value import JsonObject, JsonValue

MOST_OBJECTS = 20_000
"""Of a schema with its references put in; two definitions that use each other twice would grow without end."""

_DROPPED = frozenset({"$schema", "$id", "$defs", "definitions"})
_OUTLINE = ("type", "title", "description")


def flat_parameters(schema: JsonObject) -> JsonObject:
    """`schema` with each `$ref` replaced by what it names; within itself only by its type and description.

    What names nothing in the schema becomes `{}`, which takes anything. Raises ValueError for no schema of an object.
    """
    kept = {key: value for key, value in schema.items() if key not in _DROPPED}
    flat = _Flattening(schema).flat(kept, ("#",))
    if not isinstance(flat, Mapping) or flat.get("type", "object") != "object":
        raise ValueError("its parameters are no object")
    return {"properties": {}, **flat, "type": "object"}


class _Flattening:
    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._objects_left = MOST_OBJECTS

    def flat(self, value: JsonValue, within: tuple[str, ...]) -> JsonValue:
        """`within` are the references that are being put in."""
        if isinstance(value, list):
            return [self.flat(item, within) for item in value]
        if not isinstance(value, Mapping):
            return value
        self._objects_left -= 1
        reference = value.get("$ref")
        if not isinstance(reference, str):
            return {key: self.flat(item, within) for key, item in value.items()}
        beside = {key: self.flat(item, within) for key, item in value.items() if key != "$ref"}
        return {**self._named(reference, within), **beside}

    def _named(self, reference: str, within: tuple[str, ...]) -> JsonObject:
        target = _find(self._root, reference)
        if reference in within or self._objects_left < 0:
            return {key: target[key] for key in _OUTLINE if key in target}
        flat = self.flat(target, (*within, reference))
        return flat if isinstance(flat, Mapping) else {}


def _find(root: JsonObject, reference: str) -> JsonObject:
    """What a JSON pointer within the document names, where that is an object."""
    value: JsonValue = root
    if reference != "#" and not reference.startswith("#/"):
        return {}
    for part in unquote(reference[1:]).split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return {}
    return value if isinstance(value, Mapping) else {}
