"""The body of every error."""

from pydantic import Field, JsonValue

from entrypoints.http.schemas.base import AnswerModel


class ErrorContent(AnswerModel):
    code: str = Field(description="What went wrong, for programs.")
    message: str = Field(description="What to do about it, for people.")
    details: dict[str, JsonValue] = Field(
        description="What the code speaks of. VALIDATION_ERROR: the first wrong `field`, and `errors` with each."
    )


class Error(AnswerModel):
    error: ErrorContent
