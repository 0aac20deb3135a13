"""What a tool is called with: taken from a message where there is an obvious way, else made from the schema."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from adapters.demo.arithmetic import find_sum
from adapters.demo.schema_alternatives import NoInstance, Schema, items_of
from adapters.demo.schema_instance import Wishes, instance_of
from domain.json_value import JsonObject, JsonValue

_MOST_BRACES = 20
_LONGEST_WORDS = 500
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|(?<!\w)\'([^\']*)\'(?!\w)|`([^`]*)`')
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]*\w)")
_MOMENT = re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_FORM = re.compile(r"(?:^|\()(date-time|date|time|duration|email|hostname|ipv4|ipv6|uri|uuid)\)?$")
"""Ends the description of a text that must be of a form: schemas are told to models in words."""

_LEADING = re.compile(
    r"^(?:[\s:,.-]+|(?:tool|function|to|for|of|with|on|in|at|from|about|the|and|please|that|saying)\b)+", re.IGNORECASE
)
_TRAILING = re.compile(r"(?:[\s,.!?;:]+|\b(?:please|and|then|also|use|call))+$", re.IGNORECASE)


@dataclass(frozen=True)
class Mention:
    """Where `text` names a tool. `begin` and `stop` bound the part of it that is about this call."""

    text: str
    start: int
    end: int
    begin: int = 0
    stop: int | None = None

    def within(self, begin: int, stop: int | None) -> "Mention":
        return replace(self, begin=begin, stop=stop)

    @cached_property
    def parenthesised(self) -> str | None:
        """What stands between parentheses right behind the name."""
        if not self.text.startswith("(", self.end):
            return None
        parts = list(_split(self.text[self.end + 1 :], ")"))
        return parts[0] if len(parts) > 1 else None

    @property
    def behind(self) -> str:
        return self.text[self.end : self.stop]

    @property
    def around(self) -> str:
        """Without the name. Numbers within it stay: `order 12 cakes` names `order_cakes`."""
        numbers = " ".join(re.findall(r"\b\d+\b", self.text[self.start : self.end]))
        return f"{self.text[self.begin : self.start]} {numbers} {self.behind}"


def arguments_for(parameters: Schema, mention: Mention) -> JsonObject:
    """Arguments for the required parameters of a JSON schema, and for others that are named or quoted."""
    properties = parameters.get("properties")
    described = properties.items() if isinstance(properties, Mapping) else ()
    known = {name: schema for name, schema in described if isinstance(schema, Mapping)}
    given: dict[str, JsonValue] = {}
    if mention.parenthesised is not None:
        given = _as_called(mention.parenthesised, known)
    given = given or _as_object(mention.around, known) or _by_name(mention.around, known)
    required = [str(name) for name in items_of(parameters.get("required"))]
    if mention.parenthesised is None:
        _Finder(mention).fill(given, known, required)
    for name in required:
        if name not in given:
            given[name] = _made(known.get(name, {}), name)
    return given


def _as_called(inner: str, known: Mapping[str, Schema]) -> dict[str, JsonValue]:
    """`a=1, text="x"`, or values in the order of the parameters."""
    given: dict[str, JsonValue] = {}
    for part in _split(inner, ","):
        named = re.match(r"\s*([A-Za-z_]\w*)\s*[=:](?!=)\s*(.*)", part, re.DOTALL)
        free = next((name for name in known if name not in given), None)
        name, text = (named[1], named[2]) if named else (free, part)
        if name is not None and text.strip():
            given[name] = _value_of(text.strip(), known.get(name, {}))
    return given


def _as_object(text: str, known: Mapping[str, Schema]) -> dict[str, JsonValue]:
    for place in [match.start() for match in re.finditer("{", text)][:_MOST_BRACES]:
        try:
            found, _ = json.JSONDecoder().raw_decode(text, place)
        except (ValueError, RecursionError):
            continue
        if found.keys() & known.keys():
            return dict(found)
    return {}


def _by_name(text: str, known: Mapping[str, Schema]) -> dict[str, JsonValue]:
    given: dict[str, JsonValue] = {}
    for name, schema in known.items():
        found = re.search(rf"(?<!\w){re.escape(name)}\s*[=:]\s*({_QUOTED.pattern}|[^\s,;]+)", text)
        if found:
            given[name] = _value_of(found[1].rstrip("."), schema)
    return given


class _Finder:
    """Takes values out of a message, each once, in their order."""

    def __init__(self, mention: Mention) -> None:
        text = mention.around
        self._quotations = [next(filter(None, match), "") for match in _QUOTED.findall(text)]
        unquoted = _QUOTED.sub(" ", text)
        self._moments = _MOMENT.findall(unquoted)
        self._sum = find_sum(unquoted[:_LONGEST_WORDS])
        self._numbers = _NUMBER.findall(_MOMENT.sub(" ", unquoted))
        self._unquoted = unquoted
        self._words = _plain_words(mention.behind) or _plain_words(text[: mention.start - mention.begin])

    def fill(self, given: dict[str, JsonValue], known: Mapping[str, Schema], required: list[str]) -> None:
        missing = [name for name in required if name not in given]
        for name in missing:
            value = self._find(known.get(name, {}))
            if value is not None:
                given[name] = value
        self._fill_with_words(given, [name for name in missing if name not in given and _is_free_text(known.get(name))])
        for name, schema in known.items():
            if name not in given and name not in required:
                value = self._choice(schema) or (self._next(self._quotations) if _is_free_text(schema) else None)
                if value is not None:
                    given[name] = value

    def _find(self, schema: Schema) -> JsonValue:
        """The next value of its type; None where the message holds none."""
        if items_of(schema.get("enum")):
            return self._choice(schema)
        match schema.get("type"):
            case "integer" | "number" as kind:
                fitting = [text for text in self._numbers if kind == "number" or "." not in text]
                return self._number(fitting[0]) if fitting else None
            case "string" if _form_of(schema):
                return self._next(self._moments) if "date" in _form_of(schema) else self._next(self._quotations)
            case "string":
                return self._next(self._quotations) or self._next_sum()
            case "array":
                return self._all(schema.get("items"))
        return None

    def _fill_with_words(self, given: dict[str, JsonValue], names: list[str]) -> None:
        """A word each, and the last gets all that is left."""
        words = self._words.split(None, len(names) - 1) if names else []
        given.update(zip(names, words, strict=False))

    def _number(self, text: str) -> JsonValue:
        self._numbers.remove(text)
        return _number_of(text)

    def _next(self, texts: list[str]) -> str | None:
        return texts.pop(0) if texts else None

    def _next_sum(self) -> str | None:
        found, self._sum = self._sum, None
        return found.text if found else None

    def _choice(self, schema: Schema) -> JsonValue:
        for choice in items_of(schema.get("enum")):
            if re.search(rf"(?<!\w){re.escape(str(choice))}(?!\w)", self._unquoted, re.IGNORECASE):
                return choice
        return None

    def _all(self, items: object) -> JsonValue:
        kind = items.get("type") if isinstance(items, Mapping) else None
        if kind in ("integer", "number"):
            taken, self._numbers = self._numbers, []
            return [_number_of(text) for text in taken] or None
        taken, self._quotations = self._quotations, []
        return list(taken) or None


def _made(schema: Schema, name: str) -> JsonValue:
    form = _form_of(schema)
    try:
        return instance_of({**schema, "format": form} if form else schema, Wishes(lambda _: name.replace("_", " ")))
    except NoInstance:
        return None


def _value_of(text: str, schema: Schema) -> JsonValue:
    """JSON where it is, else the text; a number stays text where the schema wants text."""
    quotation = _QUOTED.fullmatch(text)
    if quotation and not text.startswith('"'):
        return next(filter(None, quotation.groups()), "")
    if schema.get("type") == "string" and not text.startswith('"'):
        return text
    try:
        value: JsonValue = json.loads({"True": "true", "False": "false", "None": "null"}.get(text, text))
    except (ValueError, RecursionError):
        return text
    return value


def _split(text: str, separator: str) -> Iterator[str]:
    """The parts of `text` between separators that stand in no quotation marks and no brackets."""
    begin, depth, quote = 0, 0, ""
    for place, character in enumerate(text):
        is_escaped = place > 0 and text[place - 1] == "\\"
        if quote:
            quote = "" if character == quote and not is_escaped else quote
        elif character == separator and depth == 0:
            yield text[begin:place]
            begin = place + 1
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
    yield text[begin:]


def _plain_words(text: str) -> str:
    return _TRAILING.sub("", _LEADING.sub("", text[:_LONGEST_WORDS])).strip()


def _is_free_text(schema: Schema | None) -> bool:
    return schema is not None and schema.get("type") == "string" and "enum" not in schema and not _form_of(schema)


def _form_of(schema: Schema) -> str:
    form = _FORM.search(str(schema.get("description", "")))
    return str(schema.get("format") or (form[1] if form else ""))


def _number_of(text: str) -> int | float:
    return float(text) if "." in text else int(text)
