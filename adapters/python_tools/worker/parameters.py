"""What a function takes: as a JSON schema, and as a check of a call's arguments."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo

_SHOWN_ERRORS = 10
_SHOWN_CHARACTERS = 100
_NOT_BY_NAME = {
    inspect.Parameter.POSITIONAL_ONLY: "is positional-only",
    inspect.Parameter.VAR_POSITIONAL: "is `*args`",
    inspect.Parameter.VAR_KEYWORD: "is `**kwargs`",
}


class WrongArguments(Exception):
    """In words that a small model can act on."""


class Parameters:
    """The constructor raises TypeError, and whatever pydantic raises, where a model could not be told what to pass.

    The fields of the model underneath have names of our own and the parameters' as aliases, as pydantic takes not
    every name for a field: `_x`, `json` and `model_config` are good names for a parameter.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        signature = inspect.signature(function)
        hints = typing.get_type_hints(inspect.unwrap(function), include_extras=True)
        self._names = {f"p{index}": name for index, name in enumerate(signature.parameters)}
        fields = {
            field: _field(signature.parameters[name], hints.get(name, Any)) for field, name in self._names.items()
        }
        self._with_own_default = {
            field for field, name in self._names.items() if isinstance(signature.parameters[name].default, FieldInfo)
        }
        # Extra ones are refused, as a wrong name for an optional parameter would else pass unseen.
        self._model: type[BaseModel] = create_model(  # type: ignore[call-overload]  # fields that are computed
            "Arguments", __config__=ConfigDict(extra="forbid", protected_namespaces=()), **fields
        )

    def schema(self) -> dict[str, Any]:
        return self._model.model_json_schema()

    def validate(self, arguments: str) -> dict[str, Any]:
        """The arguments to pass by name, from JSON text; what is not given is left to the function's own defaults.

        Raises WrongArguments, and whatever a validator of the tool's own raises.
        """
        try:
            given = self._model.model_validate_json(arguments)
        except ValidationError as error:
            raise WrongArguments(self._words(error)) from None
        passed = given.model_fields_set | self._with_own_default
        return {name: getattr(given, field) for field, name in self._names.items() if field in passed}

    def _words(self, error: ValidationError) -> str:
        errors = error.errors(include_url=False, include_context=False)
        told = [self._tell(str_of(one["loc"]), one["type"], one["msg"], one["input"]) for one in errors[:_SHOWN_ERRORS]]
        more = [f"and {len(errors) - _SHOWN_ERRORS} more"] if len(errors) > _SHOWN_ERRORS else []
        return "; ".join(told + more)

    def _tell(self, where: str, kind: str, message: str, value: object) -> str:
        if kind == "missing":
            return f"`{where}` is required and was not given"
        if kind == "extra_forbidden" and "." not in where:
            known = ", ".join(f"`{name}`" for name in self._names.values()) or "none"
            return f"there is no parameter `{where}` (the parameters: {known})"
        return f"`{where}`: {message}; it was {shown(value)}"


def str_of(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "arguments"


def shown(value: object) -> str:
    """A value as it came, cut."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def _field(parameter: inspect.Parameter, annotation: Any) -> tuple[Any, Any]:
    if parameter.kind in _NOT_BY_NAME:
        raise TypeError(
            f"parameter `{parameter.name}` {_NOT_BY_NAME[parameter.kind]}, and a model passes arguments by name"
        )
    alias: dict[str, Any] = {
        "alias": parameter.name,
        "validation_alias": parameter.name,
        "serialization_alias": parameter.name,
    }
    if parameter.default is parameter.empty:
        return annotation, Field(**alias)
    if isinstance(parameter.default, FieldInfo):
        return typing.Annotated[annotation, parameter.default], Field(**alias)
    if parameter.default is None:
        # `x: int = None` is common, and models do pass null for what they leave out.
        annotation = typing.Optional[annotation]  # noqa: UP045 - a value, and Python 3.9 has no `|` for it
    return annotation, Field(default=parameter.default, **alias)
