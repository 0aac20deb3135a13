"""The events of runs, kept for replay and handed to readers as they come."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from domain.run_event import RunEvent


class LogEntry:
    """An event and its number within its run, from 1.

    `encoded` belongs to whoever writes events to a wire: the bytes are made once and shared by all readers.
    """

    __slots__ = ("encoded", "event", "sequence")

    def __init__(self, sequence: int, event: RunEvent) -> None:
        self.sequence = sequence
        self.event = event
        self.encoded: bytes | None = None


class Follower(Protocol):
    """One reader's place in one run's log."""

    async def next(self) -> Sequence[LogEntry]:
        """All entries since the last call, waiting for one where there is none.

        Empty after a `nudge`. Where entries that the reader has not had are no longer kept, the first one is a
        Snapshot that covers them, with the number of the last event covered. After `Done` it is not called again.
        """
        ...

    def nudge(self) -> None:
        """Let a waiting `next` return at once with nothing, for a reader with something else to do."""
        ...


class RunLog(Protocol):
    """Events in the order in which they were appended; none lost, doubled or reordered.

    Memory is bounded over all runs: the events of runs that ended longest ago go first, then the oldest of the rest.
    """

    def open(self, run_id: str, session_id: str) -> None:
        """Begin the log of a run."""
        ...

    def append(self, run_id: str, event: RunEvent) -> int:
        """Add an event and give its number. Never waits; no reader can slow it. The log ends with `Done`."""
        ...

    def holds(self, run_id: str) -> bool:
        """Whether the run can be followed here. One that has ended can be for at least 10 minutes, memory allowing."""
        ...

    def follow(self, run_id: str, after: int) -> AbstractAsyncContextManager[Follower]:
        """A reader of the run's events that come after number `after` (0: all). Raises KeyError where not held."""
        ...
