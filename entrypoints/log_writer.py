"""A log whose reader never holds up the server: a terminal that is held, a full pipe, a slow disk."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from os import write
from threading import Event, Lock, Thread
from time import sleep
from typing import Final, TextIO, cast

from entrypoints.log_limit import LimitedHandler

_log = logging.getLogger(__name__)

KEPT_CHARACTERS: Final = 1024 * 1024
"""What may wait to be written; what comes then is left out, and counted."""

PAUSE_SECONDS: Final = 0.02
"""Between two writes, so that under load one takes many lines. The first line after a pause goes at once."""

LEAVING_SECONDS: Final = 1.0
"""How long an end waits for a reader that takes nothing."""


class LogWriter:
    """The stream of a handler, whose text a thread writes to a file descriptor.

    Where the log's reader has gone its lines are lost, as they would be without a thread.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = Lock()
        self._waiting: list[str] = []
        self._characters = 0
        self._left_out = 0
        self._has_news = Event()
        self._is_leaving = False
        # A daemon, as a write to a reader that takes nothing never returns. Nor does it go by way of sys.stderr, whose
        # lock the interpreter would wait for at its end.
        self._thread = Thread(target=self._write_all, name="log-writer", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        with self._lock:
            if self._characters + len(text) > KEPT_CHARACTERS:
                self._left_out += text.count("\n")
            else:
                self._characters += len(text)
                self._waiting.append(text)

    def flush(self) -> None:
        """Asks for it, and waits for nothing."""
        self._has_news.set()

    def leave(self) -> bool:
        """Whether everything has been written. What comes from here on is not."""
        self._is_leaving = True
        self._has_news.set()
        self._thread.join(LEAVING_SECONDS)
        return not self._thread.is_alive()

    def _write_all(self) -> None:
        while not self._is_leaving:
            self._has_news.wait()
            self._has_news.clear()
            self._write_waiting()
            if not self._is_leaving:
                sleep(PAUSE_SECONDS)
        while self._waiting or self._left_out:
            self._write_waiting()

    def _write_waiting(self) -> None:
        with self._lock:
            taken, self._waiting, self._characters = self._waiting, [], 0
            left_out, self._left_out = self._left_out, 0
        data = memoryview("".join(taken).encode(errors="backslashreplace"))
        while data:
            try:
                data = data[write(self._descriptor, data) :]
            except OSError:
                return
        if left_out:
            _log.warning("%d lines were left out here: whoever reads this log is too slow for it", left_out)


@contextmanager
def log_written_aside() -> Iterator[None]:
    """Meanwhile a thread writes the log; afterwards its handler does so again, unless nobody takes what it writes."""
    handlers = [handler for handler in logging.getLogger().handlers if isinstance(handler, LimitedHandler)]
    streams = [handler.stream for handler in handlers]
    writers = [LogWriter(stream.fileno()) for stream in streams]
    for handler, writer in zip(handlers, writers, strict=True):
        handler.setStream(cast("TextIO", writer))
    try:
        yield
    finally:
        for handler, stream, writer in zip(handlers, streams, writers, strict=True):
            if writer.leave():
                handler.setStream(stream)
