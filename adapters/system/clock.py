"""The machine's clocks."""

import time
from datetime import UTC, datetime

from application.ports import clock as ports


class SystemClock(ports.Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
