"""What is counted, and that it cannot grow without bound."""

from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.prometheus_metrics.names import MOST_NAMES
from adapters.prometheus_metrics.telemetry import PrometheusMetrics
from application.ports.telemetry import (
    AgentReport,
    QuestionReport,
    Report,
    RequestReport,
    RunReport,
    StreamReport,
    ToolReport,
)
from tests.fakes.clock import FakeClock


class Counted:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.metrics = PrometheusMetrics(clock=self.clock, version="1.2.3")

    def tell(self, *reports: Report, took: float = 0.0) -> None:
        for report in reports:
            with self.metrics.during(report):
                self.clock.advance(took)

    def samples(self) -> dict[tuple[str, ...], float]:
        """Values by name and the values of their labels, in the order of the labels' names."""
        families = text_string_to_metric_families(self.metrics.text().decode())
        return {
            (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
            for family in families
            for sample in family.samples
        }

    def __getitem__(self, key: str | tuple[str, ...]) -> float | None:
        return self.samples().get((key,) if isinstance(key, str) else key)


@pytest.fixture
def counted() -> Counted:
    return Counted()


def request(**facts: object) -> RequestReport:
    report = RequestReport(request_id="a", method="GET", route="/api/v1/sessions/{session_id}", status=200)
    for name, value in facts.items():
        setattr(report, name, value)
    return report


def question(model: str = "llama", **facts: object) -> QuestionReport:
    report = QuestionReport(model=model, purpose="chat", session_id="0" * 10)
    for name, value in facts.items():
        setattr(report, name, value)
    return report


def run(number: int = 0) -> RunReport:
    return RunReport(run_id=f"{number:016}", session_id=f"{number:010}", status="completed")


def test_requests_are_counted_by_route_and_status(counted: Counted) -> None:
    counted.tell(request(), request(), request(status=404, error_code="SESSION_NOT_FOUND"), took=0.2)

    route = "/api/v1/sessions/{session_id}"
    assert counted["mochi_http_requests_total", "GET", route, "200"] == 2
    assert counted["mochi_http_requests_total", "GET", route, "404"] == 1
    assert counted["mochi_http_request_seconds_sum", "GET", route] == pytest.approx(0.6)
    assert counted["mochi_errors_total", "SESSION_NOT_FOUND", "request"] == 1


def test_runs_are_counted_by_how_they_ended(counted: Counted) -> None:
    failed = run(1)
    failed.status, failed.error_code = "failed", "OLLAMA_TIMEOUT"
    left_open = run(2)
    left_open.status = None
    counted.tell(run(), failed, left_open, took=2.0)

    assert counted["mochi_runs_total", "completed"] == 1
    assert counted["mochi_runs_total", "failed"] == 1
    assert counted["mochi_run_seconds_count"] == 2, "one that goes on after a restart has not ended"
    assert counted["mochi_run_seconds_sum"] == 4.0
    assert counted["mochi_errors_total", "OLLAMA_TIMEOUT", "run"] == 1


def test_what_is_at_work_is_seen_while_it_is(counted: Counted) -> None:
    with counted.metrics.during(run(1)), counted.metrics.during(run(2)), counted.metrics.during(StreamReport()):
        assert counted["mochi_runs_at_work"] == 2
        assert counted["mochi_open_streams"] == 1
    assert counted["mochi_runs_at_work"] == counted["mochi_open_streams"] == 0


def test_questions_give_tokens_and_delays(counted: Counted) -> None:
    counted.tell(
        question(prompt_tokens=10, answer_tokens=5, added_delay=0.003, first_piece_after=0.4, was_reloaded=True),
        question("LLAMA:latest", prompt_tokens=1, answer_tokens=2, first_piece_after=0.1),
        question(error_code="OLLAMA_ERROR"),
    )

    assert counted["mochi_tokens_total", "prompt", "llama:latest"] == 11
    assert counted["mochi_tokens_total", "eval", "llama:latest"] == 7
    assert counted["mochi_added_delay_seconds_sum"] == pytest.approx(0.003)
    assert counted["mochi_added_delay_seconds_count"] == 1
    assert counted["mochi_time_to_first_token_seconds_count", "llama:latest"] == 2
    assert counted["mochi_model_reloads_total", "llama:latest"] == 1
    assert counted["mochi_model_requests_total", "llama:latest", "ok", "chat"] == 2
    assert counted["mochi_model_requests_total", "llama:latest", "OLLAMA_ERROR", "chat"] == 1


def test_tools_and_agents_are_counted_by_name_and_outcome(counted: Counted) -> None:
    agent = AgentReport(agent_name="cook", model="llama", session_id="0" * 10)
    counted.tell(ToolReport(tool_name="echo"), ToolReport(tool_name="echo", error_code="TOOL_TIMEOUT"), agent, took=1.5)

    assert counted["mochi_tool_calls_total", "ok", "echo"] == 1
    assert counted["mochi_tool_calls_total", "TOOL_TIMEOUT", "echo"] == 1
    assert counted["mochi_tool_call_seconds_sum", "echo"] == 3.0
    assert counted["mochi_agent_tasks_total", "cook", "ok"] == 1
    assert counted["mochi_agent_task_seconds_sum", "cook"] == 1.5


def test_a_call_that_a_person_denied_has_no_time(counted: Counted) -> None:
    counted.tell(ToolReport(tool_name="echo", error_code="TOOL_EXECUTION_DENIED"))

    assert counted["mochi_tool_calls_total", "TOOL_EXECUTION_DENIED", "echo"] == 1
    assert counted["mochi_tool_call_seconds_count", "echo"] is None


INVENTED: list[Callable[[int], Report]] = [
    lambda number: question(f"model{number}", prompt_tokens=1, answer_tokens=1, first_piece_after=1.0),
    lambda number: ToolReport(tool_name=f"tool{number}"),
    lambda number: AgentReport(agent_name=f"agent{number}", model="llama", session_id="0" * 10),
    lambda number: request(method=f"METHOD{number}"),
    lambda number: request(error_code=f"CODE{number}"),
    run,
]


@pytest.mark.parametrize("invented", INVENTED)
def test_names_without_end_are_counted_as_others(counted: Counted, invented: Callable[[int], Report]) -> None:
    for number in range(MOST_NAMES):
        counted.tell(invented(number))
    counted.tell(invented(MOST_NAMES))
    before = counted.samples()
    counted.tell(*(invented(MOST_NAMES + more) for more in range(1, 50)))

    assert set(counted.samples()) == set(before)


def test_no_series_names_an_id(counted: Counted) -> None:
    counted.tell(run(7), question(), request(request_id="feedface"))
    text = counted.metrics.text().decode()

    assert f"{7:016}" not in text
    assert f"{7:010}" not in text
    assert "feedface" not in text


def test_the_version_and_the_process_are_told_of(counted: Counted) -> None:
    assert counted["mochi_build_info", "1.2.3"] == 1
    assert (counted["process_resident_memory_bytes"] or 0) > 0


def test_two_servers_in_one_process_count_apart(counted: Counted) -> None:
    counted.tell(run())

    assert Counted()["mochi_runs_total", "completed"] is None
