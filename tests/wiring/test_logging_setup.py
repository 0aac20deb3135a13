"""The lines of the log."""

import asyncio
import logging
import sys
from collections.abc import Iterator
from typing import Literal

import orjson
import pytest

from application.work_ids import serving_request, working_on_run
from entrypoints.logging_setup import JsonFormatter, TextFormatter, configure_logging


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, of_httpx = root.handlers[:], root.level, logging.getLogger("httpx").level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(of_httpx)


def line_of(*, shows_texts: bool = False, **parts: object) -> dict[str, object]:
    record = logging.makeLogRecord({"name": "a.b", "levelname": "INFO", "msg": "hello %s", "args": ("you",)} | parts)
    text = JsonFormatter(shows_texts=shows_texts).format(record)
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


def test_a_line_says_which_request_session_and_run_it_is_about() -> None:
    with serving_request("aaaa", "0123456789", 1.0):
        of_request = line_of()
        with working_on_run("0123456789", "bbbb"):
            of_run = line_of()
            text = TextFormatter().format(logging.makeLogRecord({"levelname": "INFO", "msg": "hello"}))

    assert (of_request["request_id"], of_request["session_id"]) == ("aaaa", "0123456789")
    assert "run_id" not in of_request
    assert (of_run["request_id"], of_run["session_id"], of_run["run_id"]) == ("aaaa", "0123456789", "bbbb")
    assert text.endswith("INFO     hello [request aaaa session 0123456789 run bbbb]")
    assert "request_id" not in line_of()


SECRET = "a-secret-that-is-told-to-nobody"


def failed() -> BaseException:
    """A ValueError that a KeyError caused; both quote the secret."""
    with pytest.raises(ValueError, match=SECRET) as raised:
        fail()
    return raised.value


def fail() -> None:
    try:
        _ = dict[str, str]()[SECRET]
    except KeyError as error:
        raise ValueError(SECRET) from error


def test_an_exception_is_told_by_its_kind_and_place_and_not_by_its_text() -> None:
    error = failed()

    line = str(line_of(exc_info=(ValueError, error, error.__traceback__))["exc_info"])

    assert "ValueError: (its text" in line
    assert line.index("KeyError") < line.index("That was the cause of") < line.index("ValueError")
    assert "in fail" in line
    assert SECRET not in line


def test_who_looks_for_bugs_is_told_the_text_too() -> None:
    line = line_of(shows_texts=True, exc_info=(ValueError, failed(), None))

    assert f"ValueError: {SECRET}" in str(line["exc_info"])


def test_what_the_operating_system_says_is_told() -> None:
    error = OSError(28, "No space left on device", "/home/somebody/file")

    line = str(line_of(exc_info=(OSError, error, None))["exc_info"])

    assert "OSError: No space left on device" in line
    assert "somebody" not in line


def test_an_exception_that_goes_round_in_circles_ends() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first

    assert str(line_of(exc_info=(ValueError, first, None))["exc_info"]).count("Traceback") == 2


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_an_error_that_nobody_awaited_is_told_without_its_text(
    capsys: pytest.CaptureFixture[str], log_format: Literal["text", "json"]
) -> None:
    configure_logging("INFO", log_format)
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": ValueError(SECRET), "what": SECRET}
    )
    told = capsys.readouterr().err

    assert "never retrieved" in told
    assert "ValueError" in told
    assert SECRET not in told


def test_libraries_are_quiet_unless_one_looks_for_bugs(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "text")
    logging.getLogger("httpx").info("a request")
    logging.getLogger("mochi_server").info("ours")
    quiet = capsys.readouterr().err

    assert "a request" not in quiet
    assert quiet.endswith("INFO     ours\n")
