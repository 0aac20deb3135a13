"""Telling everybody who wants to know, and how the end of a piece of work is told."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from application.ports.telemetry import CUT, AgentReport, QuestionReport, Report, Telemetry, ToolReport
from domain.errors import MochiError

AnyReport = TypeVar("AnyReport", QuestionReport, ToolReport, AgentReport)


class AllTelemetry(Telemetry):
    """Tells each of `parts`, in their order; they hear of the end in the opposite one."""

    def __init__(self, *parts: Sequence[Telemetry]) -> None:
        self._parts = [each for some in parts for each in some]

    @contextmanager
    def during(self, report: Report) -> Iterator[None]:
        with ExitStack() as stack:
            for part in self._parts:
                stack.enter_context(part.during(report))
            yield


@contextmanager
def told(telemetry: Telemetry, report: AnyReport) -> Iterator[AnyReport]:
    """Work whose error, where one ends it, is its report's."""
    with telemetry.during(report):
        try:
            yield report
        except asyncio.CancelledError:
            report.error_code = CUT
            raise
        except MochiError as error:
            report.error_code = error.code
            raise
        except Exception:
            report.error_code = MochiError.code
            raise
