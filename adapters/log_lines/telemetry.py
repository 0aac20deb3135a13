"""A line for each request, and for each run when it begins and ends; at DEBUG for what runs do within."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from application.ports import telemetry as ports
from application.ports.clock import Clock

_log = logging.getLogger(__name__)

_SERVER_ERRORS = 500


class LogLines(ports.Telemetry):
    """`quiet_routes` are asked again and again by programs: they are logged at DEBUG.

    Ids are not in the message: whoever formats the lines finds them in `application.work_ids`.
    """

    def __init__(self, *, clock: Clock, quiet_routes: Collection[str] = ()) -> None:
        self._clock = clock
        self._quiet_routes = frozenset(quiet_routes)

    @contextmanager
    def during(self, report: ports.Report) -> Iterator[None]:
        begun = self._clock.monotonic()
        if isinstance(report, ports.RunReport) and report.has_turn:
            _log.info("run begins")
        try:
            yield
        finally:
            self._tell(report, self._clock.monotonic() - begun)

    def _tell(self, report: ports.Report, took: float) -> None:
        match report:
            case ports.RequestReport():
                self._tell_request(report, took)
            case ports.RunReport():
                _tell_run(report, took)
            case ports.QuestionReport():
                _log.debug("%s answered (%s) in %.3f s: %s", report.model, report.purpose, took, _outcome(report))
            case ports.ToolReport():
                _log.debug("tool %s ended in %.3f s: %s", report.tool_name, took, _outcome(report))
            case ports.AgentReport():
                _log.debug("agent %s ended in %.3f s: %s", report.agent_name, took, _outcome(report))
            case ports.StreamReport():
                pass

    def _tell_request(self, report: ports.RequestReport, took: float) -> None:
        route, status, code = report.route or "(no such route)", report.status, report.error_code
        facts = {"method": report.method, "route": route, "status": status, "duration_ms": round(took * 1000, 3)}
        _log.log(
            self._level_of(report),
            "%s %s %s%s in %.1f ms",
            report.method,
            route,
            status,
            f" {code}" if code else "",
            took * 1000,
            extra={**facts, **({"error_code": code} if code else {})},
        )

    def _level_of(self, report: ports.RequestReport) -> int:
        if report.status is not None and report.status >= _SERVER_ERRORS:
            return logging.WARNING
        return logging.DEBUG if report.route in self._quiet_routes else logging.INFO


def _tell_run(report: ports.RunReport, took: float) -> None:
    if report.status is None:
        _log.info("run is left open: a person is to answer it")
        return
    code = report.error_code
    facts = {
        "status": report.status,
        "model": report.model,
        "prompt_tokens": report.prompt_tokens,
        "answer_tokens": report.answer_tokens,
        "duration_ms": round(took * 1000, 3),
    }
    _log.info(
        "run %s%s after %.3f s, %s and %s tokens",
        report.status,
        f": {code}" if code else "",
        took,
        _count(report.prompt_tokens),
        _count(report.answer_tokens),
        extra={**facts, **({"error_code": code} if code else {})},
    )


def _count(tokens: int | None) -> str:
    return "?" if tokens is None else str(tokens)


def _outcome(report: ports.QuestionReport | ports.ToolReport | ports.AgentReport) -> str:
    return report.error_code or "ok"
