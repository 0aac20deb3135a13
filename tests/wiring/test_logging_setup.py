"""The lines of the log."""

import logging
import sys
from collections.abc import Iterator

import orjson
import pytest

from entrypoints.logging_setup import JsonFormatter, configure_logging


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, of_httpx = root.handlers[:], root.level, logging.getLogger("httpx").level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(of_httpx)


def line_of(**parts: object) -> dict[str, object]:
    record = logging.makeLogRecord({"name": "a.b", "levelname": "INFO", "msg": "hello %s", "args": ("you",)} | parts)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    line = orjson.loads(text)
    assert isinstance(line, dict)
    return line


def test_a_json_line_says_when_who_and_what() -> None:
    line = line_of(created=1_767_322_245.678901)

    assert line == {"time": "2026-01-02T02:50:45.678901Z", "level": "INFO", "logger": "a.b", "message": "hello you"}


def test_a_json_line_carries_what_was_given_besides() -> None:
    line = line_of(session_id="0123456789", path=sys, level="not this one")

    assert line["session_id"] == "0123456789"
    assert line["path"] == str(sys)
    assert line["level"] == "INFO"


def test_a_json_line_carries_the_exception() -> None:
    error = ValueError("so wrong\nso wrong")

    line = line_of(exc_info=(ValueError, error, None))

    assert "ValueError: so wrong" in str(line["exc_info"])


def test_libraries_are_quiet_unless_one_looks_for_bugs(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "text")
    logging.getLogger("httpx").info("a request")
    logging.getLogger("mochi_server").info("ours")
    quiet = capsys.readouterr().err

    assert "a request" not in quiet
    assert quiet.endswith("INFO     ours\n")
