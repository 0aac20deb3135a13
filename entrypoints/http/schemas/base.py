"""What all models of requests and of answers share."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

MAX_UNKNOWN_FIELDS = 50

Text = Annotated[str, Field(min_length=1)]


def _whole(number: object) -> object:
    """JSON has one kind of number: `8192.0` is whole, and so is what is too long for 64 bits."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


WHOLE = BeforeValidator(_whole)
"""Stands last: behind it pydantic could not say the bounds of a number in the document."""

WholeNumber = Annotated[int, WHOLE]


class RequestModel(BaseModel):
    """No coercion between JSON's types, and no field that is not declared."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_a_flood_of_fields(cls, value: object) -> object:
        """Naming a million unknown fields one by one would take more memory than the body did."""
        if isinstance(value, dict) and len(value) > len(cls.model_fields) + MAX_UNKNOWN_FIELDS:
            raise PydanticCustomError("too_many_fields", "It has far more fields than there are.")
        return value


class NoFields(RequestModel):
    """What an operation without parameters, or without a body, takes."""


class QueryModel(RequestModel):
    """Query parameters: all come as text."""

    model_config = ConfigDict(strict=False)


class AnswerModel(BaseModel):
    """Described in the document, never used to validate: so no validator is built, or held."""

    model_config = ConfigDict(defer_build=True)
