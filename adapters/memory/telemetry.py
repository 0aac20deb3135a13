"""Reports kept in memory, for who looks at them in the same process."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from application.ports import telemetry as ports

REPORTS_KEPT = 1_000


class MemoryTelemetry(ports.Telemetry):
    """`at_work` are the reports of what has begun; `ended` those of what is over, oldest first."""

    def __init__(self) -> None:
        self.at_work: list[ports.Report] = []
        self.ended: deque[ports.Report] = deque(maxlen=REPORTS_KEPT)

    @contextmanager
    def during(self, report: ports.Report) -> Iterator[None]:
        self.at_work.append(report)
        try:
            yield
        finally:
            # By identity: two reports may well say the same.
            self.at_work[:] = [each for each in self.at_work if each is not report]
            self.ended.append(report)
