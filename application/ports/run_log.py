"""The events of runs, kept for replay and handed to readers as they come."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from domain.run_event import RunEvent, Snapshot


class LogEntry(NamedTuple):
    """An event and its number within its run, from 1."""

    sequence: int
    event: RunEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """What the log knows of a run: whose it is, the number of its last event, and whether that was `Done`."""

    session_id: str
    last_sequence: int
    has_ended: bool


class Follower(Protocol):
    """One reader's place in one run's log. After `Done` nothing comes any more."""

    def take(self) -> Sequence[LogEntry]:
        """Entries since the last call or `next`, at once, the oldest first; none where there are none.

        All of them, or where they are many, as many as one reader may hold: there are more until none is given.
        Where entries that the reader has not had are no longer kept, the first one is a Snapshot that covers them,
        with the number of the last event covered.
        """
        ...

    async def next(self) -> Sequence[LogEntry]:
        """The same, waiting where there is none. Not called after `Done`."""
        ...

    def watch(self, news: Callable[[LogEntry], bool]) -> None:
        """Have `news` called with each entry that is appended from now on, within the append: it must be quick and
        must not raise.

        It says whether the reader took the entry. Where it did not, the entry and all that come behind it are left for
        `take`, and `news` hears nothing until the reader has taken everything.
        For a reader that has no task to wake: waking one costs more than all else that an event needs.
        """
        ...


class LogWriter(Protocol):
    """The one writer's end of a run's log."""

    def append(self, event: RunEvent) -> int:
        """Add an event and give its number. Never waits; no reader can slow it. The last event is `Done`."""
        ...


class RunLog(Protocol):
    """Events in the order in which they were appended; none lost, doubled or reordered.

    Memory is bounded over all runs: the events of runs that ended longest ago go first, then the oldest of the rest.
    """

    def open(self, run_id: str, session_id: str, snapshot: Callable[[], Snapshot], *, after: int = 0) -> LogWriter:
        """Begin the log of a run. `snapshot` gives its state at any time, for readers whose place is gone.

        The first event is number `after` + 1: those up to `after` were another process's and are gone.
        """
        ...

    def state(self, run_id: str) -> LogState | None:
        """None where the run cannot be followed here. One that has ended can be for 10 minutes, as memory allows."""
        ...

    def follow(self, run_id: str, after: int) -> AbstractAsyncContextManager[Follower]:
        """A reader of the run's events that come after number `after` (0: all).

        Raises KeyError, on entering, where `state` is None.
        """
        ...
