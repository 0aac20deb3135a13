"""A reader comes, or comes back, to a run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass

from application.ports.run_log import Follower, LogEntry, LogState, RunLog
from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from application.runs.run_handle import RunHandle
from application.runs.supervisor import RunSupervisor
from domain.errors import RunNotFound
from domain.identifiers import is_run_id, require_session_id
from domain.message import AssistantMessage
from domain.run import EndStatus, Run
from domain.run_event import Done, Snapshot
from domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPosition:
    """A place in a run's events: behind number `after`, 0 for the beginning."""

    run_id: str
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedRun:
    """`is_at_end` says that the reader has had everything, `done` included: `events` has nothing for it."""

    run_id: str
    events: Follower
    is_at_end: bool = False


class FollowRun:
    """Reads a run that is at work, waits, or has ended; the last from the log, or as a snapshot from the store."""

    def __init__(self, *, sessions: SessionStore, runs: RunStore, log: RunLog, supervisor: RunSupervisor) -> None:
        self._sessions = sessions
        self._runs = runs
        self._log = log
        self._supervisor = supervisor

    @asynccontextmanager
    async def __call__(self, session_id: str, position: StreamPosition | None) -> AsyncIterator[FollowedRun]:
        """Read from `position`; None: the run at work, else the latest one, from its beginning.

        Raises SessionNotFound, RunNotFound.
        """
        require_session_id(session_id)
        position = position or await self._latest(session_id)
        async with self._open(session_id, position) as followed:
            yield followed

    async def _latest(self, session_id: str) -> StreamPosition:
        if handle := next(iter(self._supervisor.runs_of(session_id)), None):
            return StreamPosition(run_id=handle.run.run_id, after=0)
        for run in await self._stored_runs(session_id):
            return StreamPosition(run_id=run.run_id, after=0)
        raise RunNotFound(session_id)

    async def _stored_runs(self, session_id: str) -> Sequence[Run]:
        runs = await self._runs.list_runs(session_id)
        if not runs:
            await self._sessions.load(session_id)  # A session that is not there is said to be missing, not its run.
        return runs

    @asynccontextmanager
    async def _open(self, session_id: str, position: StreamPosition) -> AsyncIterator[FollowedRun]:
        handle = self._supervisor.find(session_id, position.run_id)
        with self._supervisor.reading(handle) if handle else nullcontext():
            if handle is not None and not handle.was_announced:
                await self._until_announced(handle)
            state = self._log.state(position.run_id) if is_run_id(position.run_id) else None
            if state is None:
                yield await self._from_store(session_id, position)
            elif state.session_id != session_id:
                raise RunNotFound(session_id, position.run_id)
            else:
                async with self._from_log(state, position) as followed:
                    yield followed

    async def _until_announced(self, handle: RunHandle) -> None:
        """A run is to be found while it begins, before it has events. Raises RunNotFound where it is refused."""
        if await asyncio.shield(handle.accepted) is not None:
            await asyncio.shield(handle.ended)
            raise RunNotFound(handle.run.session_id, handle.run.run_id)

    @asynccontextmanager
    async def _from_log(self, state: LogState, position: StreamPosition) -> AsyncIterator[FollowedRun]:
        # A number that was never given is no place: such a reader starts at the beginning.
        after = position.after if position.after <= state.last_sequence else 0
        is_at_end = state.has_ended and after == state.last_sequence
        async with self._log.follow(position.run_id, after) as events:
            yield FollowedRun(run_id=position.run_id, events=events, is_at_end=is_at_end)

    async def _from_store(self, session_id: str, position: StreamPosition) -> FollowedRun:
        run = next((run for run in await self._stored_runs(session_id) if run.run_id == position.run_id), None)
        if run is None or not run.has_ended:
            raise RunNotFound(session_id, position.run_id)
        last = run.last_sequence or 0
        events = _EndedRun(run, await self._sessions.load(session_id))
        return FollowedRun(run_id=run.run_id, events=events, is_at_end=position.after >= last > 0)


class _EndedRun(Follower):
    """A run whose events are gone: what it left, as a snapshot, and its end."""

    def __init__(self, run: Run, session: Session) -> None:
        last = max(run.last_sequence or 0, 2)
        self._entries = [LogEntry(last - 1, _snapshot(run, session)), LogEntry(last, _done(run))]

    def take(self) -> Sequence[LogEntry]:
        entries, self._entries = self._entries, []
        return entries

    async def next(self) -> Sequence[LogEntry]:
        if not (entries := self.take()):
            await asyncio.get_running_loop().create_future()
        return entries

    def watch(self, news: Callable[[LogEntry], bool]) -> None:
        """There is never any news."""


def _snapshot(run: Run, session: Session) -> Snapshot:
    message = next((message for message in session.messages if message.message_id == run.message_id), None)
    answer = message if isinstance(message, AssistantMessage) else None
    return Snapshot(
        run_id=run.run_id,
        status=run.status,
        message_id=answer.message_id if answer else None,
        content=answer.content if answer else "",
        thinking=(answer.thinking or "") if answer else "",
    )


def _done(run: Run) -> Done:
    status: EndStatus = "interrupted"
    if run.status in ("completed", "cancelled", "failed"):
        status = run.status
    return Done(session_id=run.session_id, run_id=run.run_id, status=status)
