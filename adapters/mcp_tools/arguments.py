"""Arguments against a tool's parameters, in words that a small model can act on."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, cast

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry

from adapters.codec.errors import NotEncodable
from adapters.codec.json_text import parse, render
from domain.errors import ValidationFailed
from domain.json_value import JsonObject, JsonValue

_MOST_TOLD = 3
_LONGEST_WORDS = 300


def _unjudged(*_: object) -> Iterator[ValidationError]:
    return iter(())


def _others_than_known(validator: Any, known: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if "patternProperties" not in schema:
        yield from Draft202012Validator.VALIDATORS["additionalProperties"](validator, known, instance, schema)


_WithoutPatterns: Final = cast("Any", extend)(
    Draft202012Validator,
    {
        "pattern": _unjudged,
        "patternProperties": _unjudged,
        "unevaluatedProperties": _unjudged,
        "additionalProperties": _others_than_known,
    },
)
"""A pattern such as `^([a-z]+)*$` takes minutes over 40 letters, in which nothing else of the process runs: the server
judges by its patterns itself."""


class Parameters:
    """A tool's parameters, ready to check what a call brings."""

    def __init__(self, schema: JsonObject) -> None:
        # An empty registry: nothing that a schema names is fetched from anywhere.
        self._validator = _WithoutPatterns(dict(schema), registry=Registry())

    def check(self, arguments: JsonObject) -> dict[str, JsonValue]:
        """The arguments as plain dicts and lists. Raises ValidationFailed. A broken schema forbids nothing."""
        plain = _plain(arguments)
        try:
            errors = list(islice(self._validator.iter_errors(plain), _MOST_TOLD))
        except Exception:  # noqa: BLE001 - whatever a server's schema makes the validator raise: it cannot judge
            return plain
        if errors:
            told = " ".join(dict.fromkeys(_in_words(error)[:_LONGEST_WORDS] for error in errors))
            raise ValidationFailed(f"The arguments are wrong. {told} Call the tool again with correct arguments.")
        return plain


def _plain(arguments: JsonObject) -> dict[str, JsonValue]:
    try:
        plain = parse(render(arguments))
    except NotEncodable:
        raise ValidationFailed("The arguments are no JSON.") from None
    if not isinstance(plain, dict):
        raise ValidationFailed("The arguments must be an object.")
    return plain


def _in_words(error: ValidationError) -> str:
    where, value, wanted = _path(error), cast("Any", error.instance), cast("Any", error.validator_value)
    if error.validator == "required":
        return f"{_listed(_join(where, name) for name in wanted if name not in value)} must be given."
    if error.validator == "type":
        return f"`{where}` must be of type {' or '.join([wanted] if isinstance(wanted, str) else wanted)}{_not(value)}."
    if error.validator == "enum":
        return f"`{where}` must be one of {_shown(wanted)}{_not(value)}."
    if error.validator == "additionalProperties" and wanted is False:
        known = cast("Any", error.schema).get("properties", {})
        return f"{_listed(_join(where, name) for name in value if name not in known)} does not exist{_but(known)}."
    return f"`{where or 'arguments'}`: {error.message}."


def _not(value: JsonValue) -> str:
    return f", not {_shown(value)}"


def _but(known: JsonObject) -> str:
    return f"; there is {_listed(known)}" if known else ""


def _path(error: ValidationError) -> str:
    path = ""
    for part in error.absolute_path:
        path = f"{path}[{part}]" if isinstance(part, int) else _join(path, part)
    return path


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _shown(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 100 else text[:100] + "…"
