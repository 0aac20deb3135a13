"""Summaries, asked for and shown."""

from pydantic import Field

from entrypoints.http.schemas.base import AnswerModel, RequestModel, Text


class SummarizeBody(RequestModel):
    model: Text | None = Field(default=None, description="The session's by default, else the one that was remembered.")


class MadeSummary(AnswerModel):
    summary: str
    topics: list[str]
    model_used: str


class KeptSummary(AnswerModel):
    """All null where there is no summary yet."""

    summary: str | None
    topics: list[str] | None
    model_used: str | None = Field(description="Null too where it is not known.")
