"""Which lines there are, at which level."""

import logging

import pytest

from adapters.log_lines.telemetry import LogLines
from application.ports.telemetry import QuestionReport, Report, RequestReport, RunReport, ToolReport
from tests.fakes.clock import FakeClock


def lines_of(report: Report, caplog: pytest.LogCaptureFixture, took: float = 0.5) -> list[tuple[str, str]]:
    clock = FakeClock()
    with caplog.at_level(logging.DEBUG), LogLines(clock=clock, quiet_routes=("/quiet",)).during(report):
        clock.advance(took)
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def request(route: str | None, status: int, code: str | None = None) -> RequestReport:
    return RequestReport(request_id="a", method="GET", route=route, status=status, error_code=code)


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (request("/a/{b}", 200), ("INFO", "GET /a/{b} 200 in 500.0 ms")),
        (request("/a/{b}", 404, "TOOL_NOT_FOUND"), ("INFO", "GET /a/{b} 404 TOOL_NOT_FOUND in 500.0 ms")),
        (request(None, 404, "NOT_FOUND"), ("INFO", "GET (no such route) 404 NOT_FOUND in 500.0 ms")),
        (request("/a/{b}", 503, "STORAGE_ERROR"), ("WARNING", "GET /a/{b} 503 STORAGE_ERROR in 500.0 ms")),
        (request("/quiet", 200), ("DEBUG", "GET /quiet 200 in 500.0 ms")),
        (request("/quiet", 503, "STORAGE_ERROR"), ("WARNING", "GET /quiet 503 STORAGE_ERROR in 500.0 ms")),
    ],
)
def test_a_request_is_a_line(report: Report, line: tuple[str, str], caplog: pytest.LogCaptureFixture) -> None:
    assert lines_of(report, caplog) == [line]


def test_a_run_is_two_lines(caplog: pytest.LogCaptureFixture) -> None:
    report = RunReport(run_id="r", session_id="s", status="completed", prompt_tokens=3, answer_tokens=4)

    assert lines_of(report, caplog) == [
        ("INFO", "run begins"),
        ("INFO", "run completed after 0.500 s, 3 and 4 tokens"),
    ]


def test_a_run_that_ends_before_its_turn_never_began(caplog: pytest.LogCaptureFixture) -> None:
    report = RunReport(run_id="r", session_id="s", has_turn=False, status="cancelled")

    assert lines_of(report, caplog) == [("INFO", "run cancelled after 0.500 s, ? and ? tokens")]


def test_a_run_that_failed_says_why(caplog: pytest.LogCaptureFixture) -> None:
    report = RunReport(run_id="r", session_id="s", status="failed", error_code="OLLAMA_ERROR")

    assert lines_of(report, caplog)[-1] == ("INFO", "run failed: OLLAMA_ERROR after 0.500 s, ? and ? tokens")


def test_a_run_that_waits_for_a_person_has_not_ended(caplog: pytest.LogCaptureFixture) -> None:
    lines = lines_of(RunReport(run_id="r", session_id="s"), caplog)

    assert lines[-1] == ("INFO", "run is left open: a person is to answer it")


def test_what_runs_do_within_is_for_those_who_look_for_bugs(caplog: pytest.LogCaptureFixture) -> None:
    question = QuestionReport(model="llama", purpose="chat", session_id="s")

    assert lines_of(question, caplog) == [("DEBUG", "llama answered (chat) in 0.500 s: ok")]
    caplog.clear()
    tool = ToolReport(tool_name="echo", error_code="TOOL_TIMEOUT")
    assert lines_of(tool, caplog) == [("DEBUG", "tool echo ended in 0.500 s: TOOL_TIMEOUT")]


def test_programs_that_read_the_log_find_the_figures_apart(caplog: pytest.LogCaptureFixture) -> None:
    lines_of(request("/a/{b}", 404, "TOOL_NOT_FOUND"), caplog)
    facts = vars(caplog.records[0])

    assert (facts["method"], facts["route"], facts["status"]) == ("GET", "/a/{b}", 404)
    assert (facts["duration_ms"], facts["error_code"]) == (500.0, "TOOL_NOT_FOUND")
