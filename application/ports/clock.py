"""Time, so that tests can hold it still."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The time of day: aware, UTC, microseconds. Never earlier than it was, though the machine's may be set back.

        What happens after something else that was seen is not older than that: lists and runs are in order by it.
        """
        ...

    def monotonic(self) -> float:
        """Seconds that only ever grow, from any start: for durations."""
        ...
