"""Reports counted, and given as text."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from adapters.prometheus_metrics.families import Families
from adapters.prometheus_metrics.names import OTHER, BoundedNames
from application.ports import exposition, telemetry
from application.ports.clock import Clock
from domain.model_card import model_key

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ROUTE = "none"
_OK = "ok"
_DENIED = "TOOL_EXECUTION_DENIED"


class PrometheusMetrics(telemetry.Telemetry, exposition.Exposition):
    """Labels hold names that the server has: routes, codes, models, tools, agents; of the last three, so many."""

    def __init__(self, *, clock: Clock, version: str) -> None:
        self._clock = clock
        self._families = Families(version)
        self._model, self._tool, self._agent, self._code = (BoundedNames() for _ in range(4))

    @property
    def content_type(self) -> str:
        return CONTENT_TYPE_PLAIN_0_0_4

    def text(self) -> bytes:
        return generate_latest(self._families)

    @contextmanager
    def during(self, report: telemetry.Report) -> Iterator[None]:
        begun = self._clock.monotonic()
        if gauge := self._gauge_of(report):
            gauge.inc()
        try:
            yield
        finally:
            if gauge:
                gauge.dec()
            self._count(report, self._clock.monotonic() - begun)

    def _gauge_of(self, report: telemetry.Report) -> Gauge | None:
        match report:
            case telemetry.RunReport():
                return self._families.runs_at_work
            case telemetry.StreamReport():
                return self._families.open_streams
            case _:
                return None

    def _count(self, report: telemetry.Report, took: float) -> None:
        match report:
            case telemetry.RequestReport():
                self._count_request(report, took)
            case telemetry.RunReport():
                self._count_run(report, took)
            case telemetry.QuestionReport():
                self._count_question(report)
            case telemetry.ToolReport():
                tool = self._tool(report.tool_name)
                self._families.tool_calls.labels(tool, self._outcome(report)).inc()
                if report.error_code != _DENIED:
                    self._families.tool_seconds.labels(tool).observe(took)
            case telemetry.AgentReport():
                agent = self._agent(report.agent_name)
                self._families.agent_tasks.labels(agent, self._outcome(report)).inc()
                self._families.agent_seconds.labels(agent).observe(took)
            case telemetry.StreamReport():
                pass

    def _count_request(self, report: telemetry.RequestReport, took: float) -> None:
        # A client may send any word for a method.
        method = report.method if report.method in _METHODS else OTHER
        route = report.route or _NO_ROUTE
        self._families.requests.labels(method, route, str(report.status)).inc()
        self._families.request_seconds.labels(method, route).observe(took)
        self._count_error(report.error_code, "request")

    def _count_run(self, report: telemetry.RunReport, took: float) -> None:
        if report.status is None:
            return
        self._families.runs.labels(report.status).inc()
        self._families.run_seconds.observe(took)
        self._count_error(report.error_code, "run")

    def _count_question(self, report: telemetry.QuestionReport) -> None:
        families, model = self._families, self._model(model_key(report.model))
        families.questions.labels(model, report.purpose, self._outcome(report)).inc()
        if report.prompt_tokens is not None:
            families.tokens.labels(model, "prompt").inc(report.prompt_tokens)
        if report.answer_tokens is not None:
            families.tokens.labels(model, "eval").inc(report.answer_tokens)
        if report.first_piece_after is not None:
            families.first_piece.labels(model).observe(report.first_piece_after)
        if report.added_delay is not None:
            families.added_delay.observe(report.added_delay)
        if report.was_reloaded:
            families.reloads.labels(model).inc()

    def _count_error(self, code: str | None, of: str) -> None:
        if code:
            self._families.errors.labels(self._code(code), of).inc()

    def _outcome(self, report: telemetry.QuestionReport | telemetry.ToolReport | telemetry.AgentReport) -> str:
        return self._code(report.error_code) if report.error_code else _OK
