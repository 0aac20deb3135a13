"""JSON schemas with their references and combinations resolved into plain alternatives."""

from collections.abc import Mapping, Sequence
from itertools import islice, product
from urllib.parse import unquote

from domain.json_value import JsonObject, JsonValue

Schema = JsonObject

MOST_STEPS = 20_000
MOST_COMBINATIONS = 64
LONGEST_CHAIN = 50

_COMBINING = ("$ref", "allOf", "anyOf", "oneOf")
_SIMPLICITY = ("null", "boolean", "integer", "number", "string", "array", "object")


class NoInstance(Exception):
    """No value satisfies the schema, or none that is found here; the message says why."""


class Alternatives:
    """The ways of satisfying the parts of one schema. The work is bounded over all of them."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._steps = 0

    def of(self, schema: object, *, simple_first: bool = False) -> list[Schema]:
        """The plain schemas (no `$ref`, `allOf`, `anyOf`, `oneOf`, one `type`) of which one suffices, never none.

        Raises NoInstance where a part allows nothing or a reference leads nowhere.
        """
        plain = [one for merged in self._resolve(schema, 0) for one in _one_type_each(merged)]
        if simple_first:
            plain.sort(key=lambda one: _simplicity(one.get("type")))
        return plain

    def _resolve(self, schema: object, chain: int) -> list[Schema]:
        self._steps += 1
        if chain > LONGEST_CHAIN or self._steps > MOST_STEPS:
            raise NoInstance("the schema is too tangled, or a `$ref` leads back to itself")
        if schema is True:
            return [{}]
        if not isinstance(schema, Mapping):
            raise NoInstance("a part of the schema allows no value" if schema is False else "a schema is an object")
        own = {key: value for key, value in schema.items() if key not in _COMBINING}
        parts: list[list[Schema]] = [[own]]
        if "$ref" in schema:
            parts.append(self._resolve(_referenced(str(schema["$ref"]), self._root), chain + 1))
        parts.extend(self._resolve(part, chain + 1) for part in items_of(schema.get("allOf")))
        parts.extend(self._any_of(items_of(schema[key]), chain + 1) for key in ("anyOf", "oneOf") if key in schema)
        return _combinations(parts)

    def _any_of(self, schemas: Sequence[object], chain: int) -> list[Schema]:
        found: list[Schema] = []
        for schema in schemas:
            try:
                found += self._resolve(schema, chain)
            except NoInstance:
                continue
        if not found:
            raise NoInstance("no alternative of the schema allows a value")
        return found


def items_of(value: object) -> Sequence[JsonValue]:
    """`value` where it is a list, else nothing."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _combinations(parts: Sequence[Sequence[Schema]]) -> list[Schema]:
    if len(parts) == 1:
        return list(parts[0])
    merged: list[Schema] = []
    reason = NoInstance("parts of the schema contradict each other")
    for choice in islice(product(*parts), MOST_COMBINATIONS):
        try:
            merged.append(_merged(choice))
        except NoInstance as contradiction:
            reason = contradiction
    if not merged:
        raise reason
    return merged


def _merged(schemas: Sequence[Schema]) -> Schema:
    merged: dict[str, JsonValue] = {}
    for schema in schemas:
        for keyword, value in schema.items():
            merged[keyword] = _both(keyword, merged[keyword], value) if keyword in merged else value
    return merged


def _both(keyword: str, one: JsonValue, other: JsonValue) -> JsonValue:
    """What satisfies a keyword given twice."""
    if keyword == "properties" and isinstance(one, Mapping) and isinstance(other, Mapping):
        shared = {name: {"allOf": [one[name], other[name]]} for name in one if name in other}
        return {**one, **other, **shared}
    if keyword == "required":
        return list(dict.fromkeys(str(name) for name in (*items_of(one), *items_of(other))))
    if keyword == "enum":
        return _common(items_of(one), items_of(other))
    if keyword == "type":
        return _common(_types(one), _types(other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return max(one, other) if keyword.lower().startswith(("min", "exclusivemin")) else min(one, other)
    return other


def _common(one: Sequence[JsonValue], other: Sequence[JsonValue]) -> list[JsonValue]:
    shared = [value for value in one if value in other]
    if not shared:
        raise NoInstance("parts of the schema contradict each other")
    return shared


def _types(value: JsonValue) -> list[JsonValue]:
    kinds: list[JsonValue] = [value] if isinstance(value, str) else list(items_of(value))
    return [*kinds, "integer"] if "number" in kinds and "integer" not in kinds else kinds


def _one_type_each(schema: Schema) -> list[Schema]:
    kinds = items_of(schema.get("type"))
    return [{**schema, "type": kind} for kind in kinds] if kinds else [schema]


def _simplicity(kind: JsonValue) -> int:
    return _SIMPLICITY.index(kind) if isinstance(kind, str) and kind in _SIMPLICITY else len(_SIMPLICITY)


def _referenced(reference: str, root: Schema) -> JsonValue:
    if not reference.startswith("#"):
        raise NoInstance(f"the reference {reference!r} leads out of the schema")
    place: JsonValue = root
    for part in reference.removeprefix("#").split("/")[1:]:
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if not isinstance(place, Mapping) or key not in place:
            raise NoInstance(f"the reference {reference!r} leads nowhere")
        place = place[key]
    return place
