"""The machine's clocks."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from application.ports import clock as ports

_log = logging.getLogger(__name__)

_STEP = timedelta(microseconds=1)
_WORTH_TELLING = timedelta(seconds=1)


def time_of_day() -> datetime:
    return datetime.now(UTC)


class SystemClock(ports.Clock):
    """Where the machine's time of day is set back, ours nearly stands still until it has been caught up with.

    So what happens later is later in lists too. A restart takes the machine's time as it is.
    """

    def __init__(self, read: Callable[[], datetime] = time_of_day) -> None:
        self._read = read
        self._last: datetime | None = None
        self._is_ahead = False

    def now(self) -> datetime:
        now = self._read()
        if self._last is not None and now < self._last:
            self._tell(self._last - now)
            now = self._last + _STEP
        else:
            self._is_ahead = False
        self._last = now
        return now

    def _tell(self, ahead: timedelta) -> None:
        if not self._is_ahead and ahead >= _WORTH_TELLING:
            self._is_ahead = True
            _log.warning("the machine's clock was set back by %s: times stand still until it has caught up", ahead)

    def monotonic(self) -> float:
        return time.monotonic()
