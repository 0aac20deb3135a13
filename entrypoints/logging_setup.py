"""What the log looks like: a short line for people, or one JSON object a line."""

import logging
import sys
from datetime import UTC, datetime
from typing import Literal

import orjson

from entrypoints.log_limit import LimitedHandler

LOGGER_NAME = "mochi_server"

_TALKATIVE = ("httpx", "httpx2", "httpcore", "mcp", "asyncio", "watchfiles")
"""Loggers of libraries that tell at INFO what each request or change was."""

_ATTRIBUTES_OF_EVERY_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """`time`, `level`, `logger`, `message`, what was given as `extra`, and `exc_info` where there is an exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
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
    if log_format == "json":
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(
            logging.Formatter("{asctime} {levelname:<8} {message}", style="{", datefmt="%Y-%m-%d %H:%M:%S")
        )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    if level != "DEBUG":
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
