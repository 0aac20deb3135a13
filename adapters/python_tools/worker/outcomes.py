"""What came of a call, as text: of a result, or of whatever was raised."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType

import pydantic_core

_ERROR_CHARACTERS = 4000


def as_text(result: object) -> str:
    """A string as it is, everything else as JSON. Raises whatever the result's own methods raise."""
    if isinstance(result, str):
        return str.__str__(result)  # Of a subclass: its content, and not what it says of itself.
    try:
        return pydantic_core.to_json(result, fallback=str).decode()
    except pydantic_core.PydanticSerializationError:
        # Lone surrogates, which pydantic refuses wherever they are; whatever else it was is raised again here.
        return json.dumps(result, ensure_ascii=False, separators=(",", ":"), default=_jsonable)


def _jsonable(value: object) -> object:
    return pydantic_core.to_jsonable_python(value, fallback=str)


def clean(text: str) -> str:
    """`text` with U+FFFD for each lone surrogate, which JSON and UTF-8 cannot carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def describe(error: BaseException, texts: Mapping[str, bytes], main: str) -> str:
    """`TypeName: message (line N)`, with the last line that is the source's own. Raises nothing."""
    line = ""
    try:
        line = _place(error, texts, main)
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        message = clean(str(message))[:_ERROR_CHARACTERS]
    except BaseException:  # noqa: BLE001 - a tool's exception may raise anything when asked what it says
        message = ""
    name = type(error).__name__
    return f"{name}: {message}{line}" if message else f"{name}{line}"


def _place(error: BaseException, texts: Mapping[str, bytes], main: str) -> str:
    if isinstance(error, SyntaxError) and error.filename and error.filename in texts and error.lineno:
        return _line(error.filename, error.lineno, main)
    place = ""
    traceback: TracebackType | None = error.__traceback__
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file in texts and traceback.tb_lineno:
            place = _line(file, traceback.tb_lineno, main)
        traceback = traceback.tb_next
    return place


def _line(file: str, number: int, main: str) -> str:
    return f" (line {number})" if file == main else f" (line {number} of {file.rpartition('/')[2]})"


def as_line(reply: Mapping[str, object]) -> bytes:
    return json.dumps(reply, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
