"""The log of runs in this process's memory."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from application.ports import run_log as ports
from application.ports.clock import Clock
from application.ports.run_log import LogEntry, LogState
from domain.run_event import (
    ConfirmationRequired,
    ContentDelta,
    Done,
    RunEvent,
    Snapshot,
    ThinkingDelta,
    ToolCallBegun,
    ToolResult,
)
from domain.token_estimate import json_weight

REPLAY_BYTES = 64 * 1024 * 1024
"""What the events of all runs together may take."""

REPLAY_SECONDS = 600.0
"""How long a run that has ended can be read again (contract, section 5), as memory allows."""

BATCH_BYTES = 128 * 1024
"""What a reader is handed at a time, and holds even when the log has let go of it."""

_SMALL_BATCH = 16
"""Entries that are handed out unmeasured, as nearly always there are one or two."""

_ENTRY_BYTES = 400
"""An entry, its event and its encoded frame beside the text, as measured on CPython 3.11."""


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
                self._used_bytes -= log.drop_oldest(len(log.entries) - 1)
        while self._used_bytes > target:
            largest = max(self._logs.values(), key=lambda log: log.used_bytes)
            freed = largest.drop_oldest((len(largest.entries) + 1) // 2)
            if not freed:
                return
            self._used_bytes -= freed

    def _drop_expired(self) -> None:
        oldest_kept = self._clock.monotonic() - REPLAY_SECONDS
        while self._ended and self._ended[0][0] < oldest_kept:
            _, run_id = self._ended.popleft()
            if log := self._logs.pop(run_id, None):
                self._used_bytes -= log.used_bytes


class _Log(ports.LogWriter):
    """One run's entries, numbered from `first_sequence` without gaps, and who reads them."""

    __slots__ = (
        "_owner",
        "entries",
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
        self.entries: list[LogEntry] = []
        self.first_sequence = after + 1
        self.last_sequence = after
        self.used_bytes = 0
        self.has_ended = False
        self.followers: list[_Follower] = []

    def append(self, event: RunEvent) -> int:
        self.last_sequence = sequence = self.last_sequence + 1
        self.entries.append(LogEntry(sequence, event))
        size = _size(event)
        self.used_bytes += size
        self.has_ended = isinstance(event, Done)
        for follower in self.followers:
            follower.wake()
        self._owner.grew(self, size)
        return sequence

    def after(self, sequence: int) -> Sequence[LogEntry]:
        if sequence + 1 >= self.first_sequence:
            return _batch(self.entries, sequence + 1 - self.first_sequence)
        covered = self.last_sequence - 1 if self.has_ended else self.last_sequence
        return [LogEntry(covered, self.snapshot()), *self.entries[covered + 1 - self.first_sequence :]]

    def drop_oldest(self, count: int) -> int:
        """Forget up to `count` entries, never `Done`, and give the bytes that this frees."""
        count = min(count, len(self.entries) - self.has_ended)
        if count <= 0:
            return 0
        freed = sum(_size(entry.event) for entry in self.entries[:count])
        del self.entries[:count]
        self.first_sequence += count
        self.used_bytes -= freed
        return freed


class _Follower(ports.Follower):
    __slots__ = ("_log", "_news", "_seen", "_waiter")

    def __init__(self, log: _Log, after: int) -> None:
        self._log = log
        self._seen = after
        self._news: Callable[[], None] | None = None
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

    def watch(self, news: Callable[[], None]) -> None:
        self._news = news

    def wake(self) -> None:
        if self._news is not None:
            self._news()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _batch(entries: Sequence[LogEntry], start: int) -> Sequence[LogEntry]:
    """Entries from `start` on, about as many as a reader may hold."""
    if len(entries) - start <= _SMALL_BATCH:
        return entries[start:]
    size, end = 0, start
    while size < BATCH_BYTES and end < len(entries):
        size += _size(entries[end].event)
        end += 1
    return entries[start:end]


def _size(event: RunEvent) -> int:
    """Bytes that an event takes, roughly: its text is kept as it is and once more in its frame."""
    # First what nearly all are, and by a tuple: a union would be made anew for each.
    if isinstance(event, (ContentDelta, ThinkingDelta)):
        return _ENTRY_BYTES + 2 * len(event.content)
    if isinstance(event, ToolResult):
        return _ENTRY_BYTES + 2 * len(event.result or event.error_message or "")
    if isinstance(event, ToolCallBegun | ConfirmationRequired):
        return _ENTRY_BYTES + 2 * json_weight(event.arguments)
    return 2 * _ENTRY_BYTES
