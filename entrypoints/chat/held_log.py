"""The log while somebody chats: held back until it does not disturb."""

import logging
from collections import deque
from collections.abc import Iterator

MOST_HELD = 100


class HeldLog(logging.Handler):
    """Keeps the last lines until they are taken. Records may come from any thread."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=MOST_HELD)
        self.setFormatter(logging.Formatter("{levelname}: {message}", style="{"))

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def take(self) -> Iterator[str]:
        while self._lines:
            yield self._lines.popleft()
