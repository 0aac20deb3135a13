"""System prompt files."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, JsonValue

from domain.prompt import MAX_FILENAME_BYTES, MAX_PROMPT_CHARACTERS
from entrypoints.http.schemas.base import AnswerModel, RequestModel

PROMPT_FILENAME: Mapping[str, JsonValue] = MappingProxyType(
    {
        "type": "string",
        "pattern": r"^(?!\.)(?!.*\.\.)[^/\\\x00-\x1f]+\.md$",
        "maxLength": MAX_FILENAME_BYTES,
    }
)
"""What `domain.prompt` checks, for the document."""

NOT_BLANK = r"[^\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
"""Something else than what `str.strip` takes away. `\\S` leaves out a few others in each language."""

Filename = Annotated[
    str,
    Field(
        description="Ends with `.md`; no separator, no `..`, no leading dot, at most 255 bytes.",
        examples=["pirate.md"],
        json_schema_extra=dict(PROMPT_FILENAME),
    ),
]
Content = Annotated[
    str,
    Field(
        description="Not blank, under 10,000 characters.",
        examples=["You are a pirate."],
        json_schema_extra={"pattern": NOT_BLANK, "maxLength": MAX_PROMPT_CHARACTERS - 1},
    ),
]


class NewPrompt(RequestModel):
    filename: Filename
    content: Content


class PromptContent(RequestModel):
    content: Content


class PromptFile(AnswerModel):
    filename: str
    content: str = Field(description="The whole text.", examples=["You are a pirate."])


class PromptOverview(AnswerModel):
    filename: str
    preview: str = Field(description="The first 250 characters.")
    word_count: int


class PromptList(AnswerModel):
    prompts: list[PromptOverview]
