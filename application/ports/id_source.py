"""New ids."""

from typing import Protocol


class IdSource(Protocol):
    def new_id(self) -> str:
        """Ten lower-case hex characters, not guessable: for a session, a message or a tool call."""
        ...

    def new_run_id(self) -> str:
        """Sixteen lower-case hex characters, not guessable."""
        ...
