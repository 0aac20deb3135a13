"""The log of runs in this process's memory."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from sys import getsizeof

from adapters.memory.kept_event import KeptEvent, event_of, kept, kept_bytes
from application.ports import run_log as ports
from application.ports.clock import Clock
from application.ports.run_log import LogEntry, LogState
from domain.run_event import ContentDelta, Done, RunEvent, Snapshot

REPLAY_BYTES = 64 * 1024 * 1024
"""What the events of all runs together may take."""

REPLAY_SECONDS = 600.0
"""How long a run that has ended can be read again (contract, section 5), as memory allows."""

BATCH_BYTES = 128 * 1024
"""What a reader is handed at a time, and holds even when the log has let go of it."""

_ENDED_BYTES = 1_000
"""What is kept of an ended run beside its events and its text, roughly."""

_SMALL_BATCH = 16
"""Entries that are handed out unmeasured, as nearly always there are one or two."""


class MemoryRunLog(ports.RunLog):
    def __init__(self, *, clock: Clock, replay_bytes: int = REPLAY_BYTES) -> None:
        self._clock = clock
        self._replay_bytes = replay_bytes
        self._used_bytes = 0
        self._logs: dict[str, _Log] = {}
        self._ended: deque[tuple[float, str]] = deque()

    def open(
        self, run_id: str, session_id: str, snapshot: Callable[[], Snapshot], *, after: int = 0
    ) -> ports.LogWriter:
        self._drop_expired()
        log = _Log(self, run_id, session_id, snapshot, after)
        self._logs[run_id] = log
        return log

    def state(self, run_id: str) -> LogState | None:
        log = self._logs.get(run_id)
        if log is None:
            return None
        return LogState(session_id=log.session_id, last_sequence=log.last_sequence, has_ended=log.has_ended)

    @asynccontextmanager
    async def follow(self, run_id: str, after: int) -> AsyncIterator[ports.Follower]:
        log = self._logs[run_id]
        follower = _Follower(log, after)
        log.followers.append(follower)
        try:
            yield follower
        finally:
            log.followers.remove(follower)

    def grew(self, log: "_Log", grown_bytes: int) -> None:
        self._used_bytes += grown_bytes
        if self._used_bytes > self._replay_bytes:
            self._make_room()
        if log.has_ended:
            self._ended.append((self._clock.monotonic(), log.run_id))

    def _make_room(self) -> None:
        """Down to nine tenths, so that a full log is not trimmed at every event."""
        target = self._replay_bytes * 9 // 10
        for _, run_id in self._ended:
            if self._used_bytes <= target:
                return
            if log := self._logs.get(run_id):
                self._used_bytes -= log.drop_oldest(len(log.events) - 1)
        while self._ended and self._used_bytes > target:
            self._forget_oldest()
        while self._used_bytes > target:
            largest = max(self._logs.values(), key=lambda log: log.used_bytes)
            freed = largest.drop_oldest((len(largest.events) + 1) // 2)
            if not freed:
                return
            self._used_bytes -= freed

    def _drop_expired(self) -> None:
        oldest_kept = self._clock.monotonic() - REPLAY_SECONDS
        while self._ended and self._ended[0][0] < oldest_kept:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Of the runs that have ended. Who reads it meanwhile reads on; who comes later gets what the store has."""
        _, run_id = self._ended.popleft()
        if log := self._logs.pop(run_id, None):
            self._used_bytes -= log.used_bytes


class _Log(ports.LogWriter):
    """One run's events, numbered from `first_sequence` without gaps, and who reads them."""

    __slots__ = (
        "_last",
        "_owner",
        "events",
        "first_sequence",
        "followers",
        "has_ended",
        "last_sequence",
        "run_id",
        "session_id",
        "snapshot",
        "used_bytes",
    )

    def __init__(
        self, owner: MemoryRunLog, run_id: str, session_id: str, snapshot: Callable[[], Snapshot], after: int
    ) -> None:
        self._owner = owner
        self.run_id = run_id
        self.session_id = session_id
        self.snapshot = snapshot
        self.events: list[KeptEvent] = []
        self._last: RunEvent | None = None
        self.first_sequence = after + 1
        self.last_sequence = after
        self.used_bytes = 0
        self.has_ended = False
        self.followers: list[_Follower] = []

    def append(self, event: RunEvent) -> int:
        self.last_sequence = sequence = self.last_sequence + 1
        self._last = event
        packed = event.content if type(event) is ContentDelta else kept(event)
        self.events.append(packed)
        size = kept_bytes(packed)
        if type(event) is Done:
            size += self._end()
        self.used_bytes += size
        if self.followers:
            entry = LogEntry(sequence, event)
            for follower in self.followers:
                follower.hear(entry)
        self._owner.grew(self, size)
        return sequence

    def _end(self) -> int:
        """Keep the run's last state in the place of the run, with its request and its pictures; gives its bytes."""
        self.has_ended = True
        last = self.snapshot()
        self.snapshot = lambda: last
        return _ENDED_BYTES + getsizeof(last.content) + getsizeof(last.thinking)

    def after(self, sequence: int) -> Sequence[LogEntry]:
        if sequence + 1 == self.last_sequence and self._last is not None:
            # What nearly all readers come for: the event that was just appended.
            return (LogEntry(self.last_sequence, self._last),)
        if sequence + 1 >= self.first_sequence:
            return self._batch(sequence + 1)
        covered = self.last_sequence - 1 if self.has_ended else self.last_sequence
        return [LogEntry(covered, self.snapshot()), *self._entries(covered + 1, self.last_sequence)]

    def drop_oldest(self, count: int) -> int:
        """Forget up to `count` events, never `Done`, and give the bytes that this frees."""
        count = min(count, len(self.events) - self.has_ended)
        if count <= 0:
            return 0
        freed = sum(map(kept_bytes, self.events[:count]))
        del self.events[:count]
        self.first_sequence += count
        self.used_bytes -= freed
        return freed

    def _batch(self, first: int) -> Sequence[LogEntry]:
        """From number `first` on, about as many as a reader may hold."""
        start = first - self.first_sequence
        size, end = 0, min(len(self.events), start + _SMALL_BATCH)
        if end < len(self.events):
            size = sum(map(kept_bytes, self.events[start:end]))
        while size < BATCH_BYTES and end < len(self.events):
            size += kept_bytes(self.events[end])
            end += 1
        return self._entries(first, self.first_sequence + end - 1)

    def _entries(self, first: int, last: int) -> list[LogEntry]:
        start = first - self.first_sequence
        events = self.events[start : start + last - first + 1]
        return [LogEntry(number, event_of(event)) for number, event in enumerate(events, first)]


class _Follower(ports.Follower):
    __slots__ = ("_log", "_news", "_seen", "_waiter")

    def __init__(self, log: _Log, after: int) -> None:
        self._log = log
        self._seen = after
        self._news: Callable[[LogEntry], bool] | None = None
        self._waiter: asyncio.Future[None] | None = None

    def take(self) -> Sequence[LogEntry]:
        if self._seen >= self._log.last_sequence:
            return ()
        entries = self._log.after(self._seen)
        self._seen = entries[-1].sequence
        return entries

    async def next(self) -> Sequence[LogEntry]:
        while not (entries := self.take()):
            # No await between the look and this: nothing can be appended unseen.
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return entries

    def watch(self, news: Callable[[LogEntry], bool]) -> None:
        self._news = news

    def hear(self, entry: LogEntry) -> None:
        if self._news is not None and self._seen + 1 == entry.sequence and self._news(entry):
            self._seen = entry.sequence
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
