"""What a model may be offered to call, and what came of a call (contract, section 6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from domain.json_value import JsonObject

RESULT_CHARACTERS = 100_000
"""A longer result is cut, with a note (contract, section 6)."""

CUT_NOTE = "\n[The result was cut here: it had {characters} characters.]"

ToolErrorCode: TypeAlias = Literal[
    "TOOL_EXECUTION_FAILED", "TOOL_EXECUTION_DENIED", "TOOL_TIMEOUT", "TOOL_NOT_FOUND", "VALIDATION_ERROR"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """`parameters` is a JSON schema of an object, without `$ref`s. `source` says where it came from: the file or folder
    under the tools folder, or the server that offers it."""

    name: str
    description: str
    parameters: JsonObject
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSourceError:
    """Why a source, or a part of it, offers nothing: in words for its author, with the line where there is one."""

    source: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolInventory:
    """All tools by name, and what could not be loaded."""

    tools: Mapping[str, Tool] = field(default_factory=dict)
    errors: tuple[ToolSourceError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutcome:
    """How a call ended. `text` is its result or, with an `error_code`, what went wrong in words a model can act on."""

    text: str
    error_code: ToolErrorCode | None = None

    @property
    def success(self) -> bool:
        return self.error_code is None


def cut_result(text: str) -> str:
    """`text`, or its first `RESULT_CHARACTERS` and a note."""
    if len(text) <= RESULT_CHARACTERS:
        return text
    return text[:RESULT_CHARACTERS] + CUT_NOTE.format(characters=len(text))
