"""What the log looks like: a short line for people, or one JSON object a line.

Each says which request, session and run it is about, where it is about one. Above DEBUG no line holds what people or
models wrote: exceptions are shown without their texts (`log_exceptions`).
"""

import logging
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, TypeAlias

import orjson

from application.work_ids import current_ids
from entrypoints.log_exceptions import exception_lines
from entrypoints.log_limit import LimitedHandler

LOGGER_NAME = "mochi_server"

_TALKATIVE = ("httpx", "httpx2", "httpcore", "mcp", "asyncio", "watchfiles")
"""Loggers of libraries that tell at INFO what each request or change was."""

_ATTRIBUTES_OF_EVERY_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


_ExceptionInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _Formatter(logging.Formatter):
    def __init__(self, line: str | None = None, *, shows_texts: bool = False) -> None:
        """`shows_texts` says whether exceptions may say what they were about."""
        super().__init__(line, style="{", datefmt="%Y-%m-%d %H:%M:%S")
        self._shows_texts = shows_texts

    def format(self, record: logging.LogRecord) -> str:
        # Other handlers keep in the record what they made of the exception, and would take over what we made.
        text, record.exc_text = record.exc_text, None
        try:
            return self._line(record)
        finally:
            record.exc_text = text

    def _line(self, record: logging.LogRecord) -> str:
        return super().format(record)

    def formatException(self, ei: _ExceptionInfo) -> str:  # noqa: N802 - logging's name
        error = ei[1]
        if self._shows_texts or error is None:
            return super().formatException(ei)
        return "".join(exception_lines(error)).rstrip()


class _Discretion(logging.Filter):
    """asyncio tells of an error that nobody awaited in further lines of its message, with the error's text in them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "asyncio":
            record.msg, record.args = record.getMessage().partition("\n")[0], ()
        return True


class TextFormatter(_Formatter):
    """Time, level and message; the ids behind it, in brackets."""

    def __init__(self, *, shows_texts: bool = False) -> None:
        super().__init__("{asctime} {levelname:<8} {message}", shows_texts=shows_texts)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        line, ids = super().formatMessage(record), _ids()
        return f"{line} [{' '.join(f'{name} {value}' for name, value in ids.items())}]" if ids else line


class JsonFormatter(_Formatter):
    """`time`, `level`, `logger`, `message`, what was given as `extra`, and where there are such `request_id`,
    `session_id`, `run_id` and `exc_info`."""

    def _line(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **{f"{name}_id": value for name, value in _ids().items()},
        }
        if record.exc_info:
            line["exc_info"] = self.formatException(record.exc_info)
        for key in record.__dict__.keys() - _ATTRIBUTES_OF_EVERY_RECORD - line.keys():
            line[key] = record.__dict__[key]
        return orjson.dumps(line, default=str).decode(errors="replace")


def configure_logging(level: str, log_format: Literal["text", "json"]) -> None:
    """Send everything from `level` on to the standard error output, libraries from WARNING on unless at DEBUG.

    Of records that are alike a flood is left out.
    """
    handler = LimitedHandler(sys.stderr)
    formatter = JsonFormatter if log_format == "json" else TextFormatter
    handler.setFormatter(formatter(shows_texts=level == "DEBUG"))
    if level != "DEBUG":
        handler.addFilter(_Discretion())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    if level != "DEBUG":
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _ids() -> dict[str, str]:
    ids = current_ids()
    named = {"request": ids.request_id, "session": ids.session_id, "run": ids.run_id}
    return {name: value for name, value in named.items() if value}
