"""One call as what goes to a worker, and what comes back as an outcome."""

from typing import Final, Literal, TypeAlias

from adapters.codec.errors import NotEncodable
from adapters.codec.json_text import clean_text, render
from adapters.python_tools.failures import NoAnswer
from domain.errors import MochiError, ToolFailed, ToolNotFound, ValidationFailed
from domain.json_value import JsonObject
from domain.tool import CUT_NOTE, RESULT_CHARACTERS, ToolErrorCode, ToolOutcome, cut_result

Action: TypeAlias = Literal["check", "call"]

ARGUMENTS_BYTES: Final = 4 << 20
"""A worker reads lines of 16 MiB, and escaping may make three bytes of one."""


class TimedOut(ToolFailed):
    code = "TOOL_TIMEOUT"

    def __init__(self, seconds: float, waited_for: str) -> None:
        """`waited_for` is empty where the tool was at work."""
        what = f"waited for {waited_for}" if waited_for else "was at work and was stopped"
        super().__init__(f"The tool did not return within {seconds:g} s: it {what}.")


def request_of(do: Action, tool_name: str, arguments: JsonObject) -> JsonObject:
    """Raises ValidationFailed."""
    try:
        text = render(arguments)
    except NotEncodable:
        raise ValidationFailed("The arguments are no JSON.", tool_name=tool_name) from None
    if len(text) > ARGUMENTS_BYTES:
        raise ValidationFailed(f"The arguments are longer than {ARGUMENTS_BYTES} bytes.", tool_name=tool_name)
    return {"do": do, "tool": tool_name, "arguments": text.decode(), "limit": RESULT_CHARACTERS}


def text_of(tool_name: str, reply: JsonObject) -> str:
    """The result, cut as `domain.tool.cut_result` does it. Raises ValidationFailed, ToolFailed.

    The worker has cut it already, so that a huge one need not travel; only what a tool wrote in its place is longer.
    """
    text, characters, error = reply.get("text"), reply.get("characters"), reply.get("error")
    if not isinstance(text, str) or not isinstance(characters, int):
        raise NoAnswer
    text = cut_result(clean_text(text))
    if error == ValidationFailed.code:
        raise ValidationFailed(f"Wrong arguments for `{tool_name}`: {text}.", tool_name=tool_name)
    if error is not None:
        raise ToolFailed(text)
    is_cut = len(text) == RESULT_CHARACTERS and characters > len(text)
    return text + CUT_NOTE.format(characters=characters) if is_cut else text


def failed_outcome(error: MochiError) -> ToolOutcome:
    return ToolOutcome(text=error.message, error_code=_code_of(error))


def _code_of(error: MochiError) -> ToolErrorCode:
    if isinstance(error, ToolNotFound):
        return "TOOL_NOT_FOUND"
    if isinstance(error, ValidationFailed):
        return "VALIDATION_ERROR"
    return "TOOL_TIMEOUT" if isinstance(error, TimedOut) else "TOOL_EXECUTION_FAILED"
