"""System prompt files."""

from pydantic import Field

from entrypoints.http.schemas.base import AnswerModel, RequestModel


class NewPrompt(RequestModel):
    filename: str = Field(description="Ends with `.md`; no separator, no leading dot.", examples=["pirate.md"])
    content: str = Field(description="Not blank, under 10,000 characters.")


class PromptContent(RequestModel):
    content: str = Field(description="Not blank, under 10,000 characters.")


class PromptFile(AnswerModel):
    filename: str
    content: str


class PromptOverview(AnswerModel):
    filename: str
    preview: str = Field(description="The first 250 characters.")
    word_count: int


class PromptList(AnswerModel):
    prompts: list[PromptOverview]
