"""The terminal's input side while nobody is asked anything."""

import asyncio
import signal
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Keyboard:
    """Ctrl-C calls whoever wants it, and nobody else; what is typed meanwhile is not shown in the middle of a text."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._interrupt: Callable[[], object] | None = None

    @contextmanager
    def quiet(self) -> Iterator[None]:
        before = termios.tcgetattr(self._descriptor)
        changed = termios.tcgetattr(self._descriptor)
        changed[3] &= ~termios.ECHO
        self._set(changed)
        try:
            yield
        finally:
            self._set(before)

    @contextmanager
    def interrupting(self, interrupt: Callable[[], object]) -> Iterator[None]:
        before, self._interrupt = self._interrupt, interrupt
        self.listen()
        try:
            yield
        finally:
            self._interrupt = before

    def listen(self) -> None:
        """Again after each prompt, which takes the signal to itself and gives it back to nobody."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupted)

    def forget(self) -> None:
        """What was typed so far is never read."""
        with _terminal_may_be_gone():
            termios.tcflush(self._descriptor, termios.TCIFLUSH)

    def _interrupted(self) -> None:
        if self._interrupt is not None:
            self._interrupt()

    def _set(self, attributes: list[int | list[bytes | int]]) -> None:
        with _terminal_may_be_gone():
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, attributes)


@contextmanager
def _terminal_may_be_gone() -> Iterator[None]:
    try:
        yield
    except termios.error:
        return
