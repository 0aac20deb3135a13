"""Summaries, asked for and shown."""

from pydantic import Field

from entrypoints.http.schemas.base import AnswerModel, RequestModel, Text


class SummarizeBody(RequestModel):
    model: Text | None = Field(default=None, description="The session's by default, else the one that was remembered.")


class MadeSummary(AnswerModel):
    summary: str = Field(description="Some sentences, five at most.", examples=["They speak of the weather in Kyoto."])
    topics: list[str]
    model_used: str


class KeptSummary(AnswerModel):
    """All null where there is no summary yet."""

    summary: str | None = Field(
        description="Some sentences, five at most.", examples=["They speak of the weather in Kyoto."]
    )
    topics: list[str] | None
    model_used: str | None = Field(description="Null too where it is not known.")
