"""Who owns the runs: each is a task of the supervisor's, never of a connection's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from application.ports.telemetry import Telemetry
from application.runs.lanes import Lanes
from application.runs.run_course import RunCourse
from application.runs.run_handle import RunHandle
from application.runs.run_keeper import RunKeeper
from application.runs.run_news import RunNews
from application.runs.told_run import tell_run
from domain.errors import ServerStopping, SessionNotFound
from domain.run import EndStatus, Run

RESUMED_AFTER = 1_000
"""What the events of a run that goes on in another process are ahead of the number that was stored: far more than the
first process can have sent since, so that no number is given twice."""


class RunSupervisor:
    """Starts runs in the order of their sessions' lanes and sees each to its end, which its course guarantees."""

    def __init__(
        self,
        *,
        course: RunCourse,
        keeper: RunKeeper,
        news: RunNews,
        telemetry: Telemetry,
    ) -> None:
        self._course = course
        self._keeper = keeper
        self._news = news
        self._telemetry = telemetry
        self._lanes = Lanes()
        self._leaving: set[RunHandle] = set()
        self._is_stopping = False

    def run_at_work(self, session_id: str) -> Run | None:
        """The run that works on the session now; not those that wait for their turn."""
        handle = self._lanes.active_run(session_id)
        return handle.run if handle else None

    def runs_of(self, session_id: str) -> list[RunHandle]:
        """The run at work, then those that wait, in their order; last those that were ended while they waited."""
        leaving = [handle for handle in self._leaving if handle.run.session_id == session_id]
        return [*self._lanes.runs_of(session_id), *leaving]

    def all_runs(self) -> list[RunHandle]:
        return [*self._lanes.all_runs(), *self._leaving]

    def unsaved_runs(self, session_id: str) -> list[Run]:
        """Runs that have ended and that the run store does not know as ended yet."""
        return self._keeper.unsaved_runs(session_id)

    def find(self, session_id: str, run_id: str) -> RunHandle | None:
        """A run of the session that is at work or waits."""
        return next((handle for handle in self.runs_of(session_id) if handle.run.run_id == run_id), None)

    def find_by_key(self, session_id: str, idempotency_key: str) -> RunHandle | None:
        """The run at work, or waiting, that was asked for under this key."""
        runs = self.runs_of(session_id)
        return next((handle for handle in runs if handle.run.idempotency_key == idempotency_key), None)

    def submit(self, handle: RunHandle) -> None:
        """Take a new run in: it starts now, or waits for its turn. Raises SessionBusy, ServerStopping."""
        if self._is_stopping:
            raise ServerStopping
        if_busy = handle.request.if_busy
        starting = self._lanes.admit(handle, if_busy)
        self._news.taken_in(handle)
        if starting is not None:
            self._start(starting)
        elif if_busy != "reject":
            handle.arrived_at = None
            self._course.announce(handle)
            active = self._lanes.active_run(handle.run.session_id)
            if if_busy == "interrupt" and active is not None:
                active.ask_to_end("cancelled")

    async def resume(self, run: Run) -> None:
        """Take in a run that waits for a person since before its server stopped. Nothing else works on its session.

        From here on it can be followed and answered, unless what the store says ended it.
        """
        request = run.request
        if request is None:
            raise ValueError(run.run_id)
        # Kept with the claim, so that a third process goes on behind the second as this one behind the first.
        run = replace(run, last_sequence=(run.last_sequence or 0) + RESUMED_AFTER)
        handle = RunHandle(run, request, is_resumed=True)
        starting = self._lanes.admit(handle, "enqueue")
        self._news.taken_in(handle)
        if starting is not None:
            self._start(starting)
        await asyncio.shield(handle.accepted)

    @contextmanager
    def reading(self, handle: RunHandle) -> Iterator[None]:
        """Count a reader. When the last one leaves a run with `on_disconnect: "cancel"`, the run ends."""
        handle.readers += 1
        try:
            yield
        finally:
            handle.readers -= 1
            if handle.readers == 0 and handle.request.on_disconnect == "cancel":
                self._ask_to_end(handle, "cancelled")

    async def end(self, handle: RunHandle, status: EndStatus) -> Run:
        """End a run and give its record once it has ended: a run that completed first has completed."""
        self._ask_to_end(handle, status)
        await asyncio.shield(handle.ended)
        return handle.run

    async def end_all(self, session_id: str) -> None:
        """End all runs of a session, which is to be deleted."""
        handles = self.runs_of(session_id)
        for handle in reversed(handles):
            self._ask_to_end(handle, "cancelled")
        for handle in handles:
            await asyncio.shield(handle.ended)

    @asynccontextmanager
    async def idle(self, session_id: str) -> AsyncIterator[None]:
        """Keep runs of a session waiting meanwhile. Raises SessionBusy where one is at work or waits."""
        async with self._held(session_id):
            await self._keeper.keep_unsaved(session_id)
            yield

    @asynccontextmanager
    async def deleting(self, session_id: str) -> AsyncIterator[None]:
        """Likewise, while it is deleted: what is unsaved of its runs goes with it, and stays where that is refused."""
        async with self._held(session_id), self._keeper.turn(session_id):
            try:
                yield
            except SessionNotFound:
                self._keeper.drop(session_id)
                raise
            self._keeper.drop(session_id)

    @asynccontextmanager
    async def _held(self, session_id: str) -> AsyncIterator[None]:
        try:
            with self._lanes.hold(session_id):
                yield
        finally:
            if starting := self._lanes.next_after_hold(session_id):
                self._start(starting)

    async def stop(self) -> None:
        """End all runs as `interrupted` and take no new ones. Returns when all have ended."""
        self._is_stopping = True
        handles = self.all_runs()
        for handle in reversed(handles):
            self._ask_to_end(handle, "interrupted")
        for handle in handles:
            await asyncio.shield(handle.ended)
        await self._keeper.retry_all()

    def _ask_to_end(self, handle: RunHandle, status: EndStatus) -> None:
        if handle.task is None and not handle.ended.done():
            self._end_waiting(handle, status)
        else:
            handle.ask_to_end(status)

    def _start(self, handle: RunHandle) -> None:
        handle.task = self._task_of(
            handle, lambda: self._course.take(handle, lambda: self._leave(handle)), has_turn=True
        )

    def _task_of(self, handle: RunHandle, work: Callable[[], Awaitable[None]], *, has_turn: bool) -> asyncio.Task[None]:
        """In the context of who asked for the run, not of the run whose end lets it begin."""
        told = tell_run(self._telemetry, handle, work, has_turn=has_turn)
        return asyncio.create_task(told, name=f"run {handle.run.run_id}", context=handle.context)

    def _leave(self, handle: RunHandle) -> None:
        handle.ended.set_result(None)
        if following := self._lanes.leave(handle):
            self._start(following)
        self._news.ended(handle)

    def _end_waiting(self, handle: RunHandle, status: EndStatus) -> None:
        """Take a run out of its lane before its turn has come."""
        handle.end_asked_for = status
        following = self._lanes.leave(handle)
        self._leaving.add(handle)
        handle.task = self._task_of(handle, lambda: self._finish_waiting(handle, status), has_turn=False)
        if following is not None:
            self._start(following)

    async def _finish_waiting(self, handle: RunHandle, status: EndStatus) -> None:
        try:
            await self._course.end_unbegun(handle, status)
        finally:
            self._leaving.discard(handle)
            handle.ended.set_result(None)
            self._news.ended(handle)
