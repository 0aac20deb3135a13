"""Time, so that tests can hold it still."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The time of day: aware, UTC, microseconds. It may be set back."""
        ...

    def monotonic(self) -> float:
        """Seconds that only ever grow, from any start: for durations."""
        ...
