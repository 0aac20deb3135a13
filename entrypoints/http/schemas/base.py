"""What all models of requests and of answers share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

MAX_UNKNOWN_FIELDS = 50

Text = Annotated[str, Field(min_length=1)]


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
    """Described in the document, never used to validate."""
