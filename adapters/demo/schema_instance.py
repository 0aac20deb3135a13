"""Values that satisfy a JSON schema, made rather than guessed: the same schema gives the same value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from adapters.demo.schema_alternatives import Alternatives, NoInstance, Schema, items_of
from adapters.demo.schema_leaves import count_in, make_number, make_text
from domain.json_value import JsonValue

SHALLOW = 4
"""Levels down to which optional parts are filled in; below, only what is required: recursive schemas must end."""

DEEPEST = 40
MOST_VALUES = 2_000
USUAL_ITEMS = 2

_KEYWORDS_OF_TYPE: dict[str, frozenset[str]] = {
    "object": frozenset({"properties", "required", "additionalProperties", "minProperties"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems"}),
    "string": frozenset({"minLength", "maxLength", "format", "pattern"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is put where the schema leaves the choice: text by the name of its property, and a number."""

    text: Callable[[str], str]
    number: Fraction = Fraction(7)


def instance_of(schema: Schema, wishes: Wishes) -> JsonValue:
    """A value that satisfies `schema`.

    Understood are types, properties, items, enum, const, bounds, lengths, common formats, anyOf, oneOf, allOf and
    `$ref`s within the schema; `pattern`, `not` and conditions are not looked at.
    Raises NoInstance where nothing satisfies it, or only something endless.
    """
    return _Maker(schema, wishes).make(schema, name="", depth=0)


class _Maker:
    """`_variant` counts the items of a list, so that where they can differ, they do."""

    def __init__(self, root: Schema, wishes: Wishes) -> None:
        self._alternatives = Alternatives(root)
        self._wishes = wishes
        self._variant = 0
        self._values_made = 0

    def make(self, schema: object, name: str, depth: int) -> JsonValue:
        self._values_made += 1
        if depth > DEEPEST or self._values_made > MOST_VALUES:
            raise NoInstance("the schema asks for something endless")
        reasons: list[NoInstance] = []
        for alternative in self._alternatives.of(schema, simple_first=depth >= SHALLOW):
            try:
                return self._make_plain(alternative, name, depth)
            except NoInstance as reason:
                reasons.append(reason)
        raise reasons[0]

    def _make_plain(self, schema: Schema, name: str, depth: int) -> JsonValue:
        choices = [schema["const"]] if "const" in schema else items_of(schema.get("enum"))
        if choices:
            return choices[self._variant % len(choices)]
        kind = _type_of(schema)
        if kind == "object":
            return self._make_object(schema, depth)
        if kind == "array":
            return self._make_array(schema, name, depth)
        return self._make_leaf(schema, kind, name)

    def _make_leaf(self, schema: Schema, kind: JsonValue, name: str) -> JsonValue:
        match kind:
            case "string":
                text = self._wishes.text(name)
                return make_text(schema, f"{text} {self._variant + 1}" if self._variant else text)
            case "number" | "integer":
                return make_number(schema, self._wishes.number + self._variant, whole=kind == "integer")
            case "boolean":
                return self._variant % 2 == 0
            case "null":
                return None
            case unknown:
                raise NoInstance(f"there is no type {unknown!r}")

    def _make_object(self, schema: Schema, depth: int) -> dict[str, JsonValue]:
        properties = schema.get("properties")
        known = properties if isinstance(properties, Mapping) else {}
        others = schema.get("additionalProperties", True)
        required = [str(name) for name in items_of(schema.get("required"))]
        made: dict[str, JsonValue] = {}
        for name, of_property in known.items():
            if name in required:
                made[name] = self.make(of_property, name, depth + 1)
            elif depth < SHALLOW:
                self._add_if_possible(made, of_property, name, depth)
        for name in required:
            if name not in known:
                made[name] = self.make(others, name, depth + 1)
        for number in range(len(made), count_in(schema, "minProperties", 0)):
            made[f"item_{number + 1}"] = self.make(others, "", depth + 1)
        return made

    def _add_if_possible(self, made: dict[str, JsonValue], schema: object, name: str, depth: int) -> None:
        try:
            made[name] = self.make(schema, name, depth + 1)
        except NoInstance:
            return

    def _make_array(self, schema: Schema, name: str, depth: int) -> list[JsonValue]:
        firsts = items_of(schema.get("prefixItems"))
        least = count_in(schema, "minItems", 0)
        usual = len(firsts) or (USUAL_ITEMS if depth < SHALLOW else 0)
        wanted = min(max(least, usual), count_in(schema, "maxItems", max(least, usual)))
        if wanted < least:
            raise NoInstance("minItems is greater than maxItems")
        made: list[JsonValue] = []
        for number in range(wanted):
            item = firsts[number] if number < len(firsts) else schema.get("items", True)
            try:
                made.append(self._make_item(item, name, number, depth, made if schema.get("uniqueItems") else ()))
            except NoInstance:
                if number < least:
                    raise
                break
        return made

    def _make_item(
        self, schema: object, name: str, number: int, depth: int, others: "list[JsonValue] | tuple[()]"
    ) -> JsonValue:
        outer, self._variant = self._variant, number
        try:
            value = self.make(schema, name, depth + 1)
        finally:
            self._variant = outer
        if value in others:
            raise NoInstance("the schema asks for more distinct items than are found")
        return value


def _type_of(schema: Schema) -> JsonValue:
    if "type" in schema:
        return schema["type"]
    return next((kind for kind, keywords in _KEYWORDS_OF_TYPE.items() if keywords & schema.keys()), "string")
