"""What tools did while this server ran: for people to look at, lost with the process."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

EXECUTIONS_KEPT = 100
"""The contract's number, section 6."""

TOOLS_KEPT = 1_000
"""Names that statistics are kept of: reloads may bring ever new ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolExecution:
    """One call that ran. `execution_time` is in seconds."""

    tool_name: str
    session_id: str
    run_id: str
    success: bool
    error_message: str | None
    execution_time: float
    started_at: datetime


@dataclass(slots=True)
class ToolStatistics:
    """Since the server's start. `total_time` is in seconds."""

    calls: int = 0
    failures: int = 0
    total_time: float = 0.0

    @property
    def average_time(self) -> float:
        return self.total_time / self.calls if self.calls else 0.0


class ToolExecutions:
    def __init__(self) -> None:
        self._latest: deque[ToolExecution] = deque(maxlen=EXECUTIONS_KEPT)
        self._statistics: dict[str, ToolStatistics] = {}

    def note(self, execution: ToolExecution) -> None:
        self._latest.append(execution)
        if execution.tool_name not in self._statistics and len(self._statistics) == TOOLS_KEPT:
            del self._statistics[next(iter(self._statistics))]
        statistics = self._statistics.setdefault(execution.tool_name, ToolStatistics())
        statistics.calls += 1
        statistics.failures += not execution.success
        statistics.total_time += execution.execution_time

    def latest(self) -> Sequence[ToolExecution]:
        """The newest first."""
        return tuple(reversed(self._latest))

    def statistics(self) -> Mapping[str, ToolStatistics]:
        return dict(self._statistics)
