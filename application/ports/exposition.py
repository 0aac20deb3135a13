"""What was counted, for a program that collects it."""

from typing import Protocol


class Exposition(Protocol):
    @property
    def content_type(self) -> str:
        """The media type of the text, its version included."""
        ...

    def text(self) -> bytes:
        """All figures as they are now. May be called from any thread; takes milliseconds. Raises nothing.

        The number of series is bounded, whatever clients and models say.
        """
        ...
