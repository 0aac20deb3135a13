"""Who owns the runs: each is a task of the supervisor's, never of a connection's."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from application.owned_task import finish_despite_cancellation
from application.ports.clock import Clock
from application.ports.run_log import RunLog
from application.ports.telemetry import Telemetry
from application.runs.execute_run import ExecuteRun
from application.runs.lanes import Lanes
from application.runs.prepare_run import PrepareRun
from application.runs.run_handle import RunHandle
from application.runs.run_keeper import RunEnding, RunKeeper
from application.runs.run_news import RunNews
from application.runs.told_run import tell_run
from domain.errors import MochiError, ServerStopping, SessionNotFound, ToolConfirmationRequired
from domain.run import EndStatus, Run, RunFailure
from domain.run_event import Done, RunError
from domain.session import Session

_log = logging.getLogger(__name__)

RESUMED_AFTER = 1_000
"""What the events of a run that goes on in another process are ahead of the number that was stored: far more than the
first process can have sent since, so that no number is given twice."""

_CUT_REASONS: dict[EndStatus, str] = {
    "cancelled": "cancelled",
    "failed": "error",
    "interrupted": "interrupted",
    "completed": "stop",
}


class RunSupervisor:
    """Starts runs in the order of their sessions' lanes and sees each to its end.

    Every run that was announced ends with `done` in its log, its text and its record stored, whatever happens.
    """

    def __init__(
        self,
        *,
        prepare: PrepareRun,
        execute: ExecuteRun,
        keeper: RunKeeper,
        log: RunLog,
        news: RunNews,
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        self._prepare = prepare
        self._execute = execute
        self._keeper = keeper
        self._log = log
        self._news = news
        self._telemetry = telemetry
        self._clock = clock
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
            self._announce(handle)
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
        async with self._held(session_id):
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
        handle.task = self._task_of(handle, lambda: self._drive(handle))

    def _task_of(self, handle: RunHandle, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """In the context of who asked for the run, not of the run whose end lets it begin."""
        told = tell_run(self._telemetry, handle, work)
        return asyncio.create_task(told, name=f"run {handle.run.run_id}", context=handle.context)

    async def _drive(self, handle: RunHandle) -> None:
        status: EndStatus = "completed"
        error: MochiError | None = None
        try:
            handle.begin()
            session = await finish_despite_cancellation(self._begin(handle))
            await self._execute(handle, session)
        except asyncio.CancelledError:
            status = handle.end_asked_for or "interrupted"
            if handle.end_asked_for is None:
                raise
        except MochiError as raised:
            status, error = "failed", raised
        except Exception:  # noqa: BLE001 - whatever broke, the run must end with its event; the log has the rest
            _log.exception("run %s failed", handle.run.run_id)
            status, error = "failed", MochiError("The server failed. Its log tells more.", run_id=handle.run.run_id)
        finally:
            await finish_despite_cancellation(self._finish(handle, status, error))

    async def _begin(self, handle: RunHandle) -> Session:
        if not handle.is_resumed:
            handle.run = replace(handle.run, status="running", started_at=self._clock.now())
        try:
            await self._keeper.keep_unsaved(handle.run.session_id)
            session = await self._prepare(handle)
        except MochiError as error:
            handle.accepted.set_result(error)
            raise
        handle.model = session.model
        self._announce(handle)
        handle.accepted.set_result(None)
        return session

    def _announce(self, handle: RunHandle) -> None:
        if not handle.was_announced:
            run = handle.run
            handle.last_sequence = (run.last_sequence or 0) if handle.is_resumed else 0
            handle.announce(self._log.open(run.run_id, run.session_id, handle.snapshot, after=handle.last_sequence))

    async def _finish(self, handle: RunHandle, status: EndStatus, error: MochiError | None) -> None:
        try:
            if handle.stays_open:
                # Its record says all that the next start of the server needs; its readers come back then.
                if written := handle.cut_agent_message(self._clock.now(), _CUT_REASONS["interrupted"]):
                    await self._keeper.keep_agent_text(handle.run, written)
                if not handle.accepted.done():
                    handle.accepted.set_result(None)
                return
            if not handle.accepted.done() and error is None:
                await self._keep_unbegun(handle, status)
            elif handle.accepted.done() and handle.accepted.result() is None:
                await self._keep_ending(handle, "completed" if handle.has_completed else status, error)
            else:
                await self._keep_refusal(handle, status, error)
        finally:
            handle.ended.set_result(None)
            if following := self._lanes.leave(handle):
                self._start(following)
            self._news.ended(handle)

    async def _keep_ending(self, handle: RunHandle, status: EndStatus, error: MochiError | None) -> None:
        message = handle.cut_message(self._clock.now(), _CUT_REASONS[status])
        agent_message = handle.cut_agent_message(self._clock.now(), _CUT_REASONS[status])
        handle.run = self._ended(handle, status, error)
        before = handle.session_before if isinstance(error, ToolConfirmationRequired) else None
        store_error = await self._keeper.keep(
            RunEnding(run=handle.run, message=message, agent_message=agent_message, session_before=before)
        )
        if store_error is not None and (message or agent_message) is not None and error is None:
            status, error = "failed", store_error
            self._keeper.amend(self._ended(handle, status, error))
        self._tell_end(handle, status, error)

    async def _keep_refusal(self, handle: RunHandle, status: EndStatus, error: MochiError | None) -> None:
        """A run that something kept from its beginning loses its key: the same request, sent again, is tried again."""
        if not handle.accepted.done():
            handle.accepted.set_result(error)
        if isinstance(handle.accepted.result(), SessionNotFound):
            await self._keeper.forget(handle.run.session_id)
        elif handle.is_claimed or handle.was_announced:
            handle.run = replace(self._ended(handle, status, error), idempotency_key=None)
            await self._keeper.keep(RunEnding(run=handle.run, message=None, has_begun=False))
        if handle.was_announced:
            self._tell_end(handle, status, error)

    def _end_waiting(self, handle: RunHandle, status: EndStatus) -> None:
        """Take a run out of its lane before its turn has come."""
        handle.end_asked_for = status
        following = self._lanes.leave(handle)
        self._leaving.add(handle)
        handle.task = self._task_of(handle, lambda: self._finish_waiting(handle, status))
        if following is not None:
            self._start(following)

    async def _finish_waiting(self, handle: RunHandle, status: EndStatus) -> None:
        try:
            await self._keep_unbegun(handle, status)
        finally:
            self._leaving.discard(handle)
            handle.ended.set_result(None)
            self._news.ended(handle)

    async def _keep_unbegun(self, handle: RunHandle, status: EndStatus) -> None:
        """A run that was ended before it began leaves its record and its events, and nothing else."""
        self._announce(handle)
        if not handle.accepted.done():
            handle.accepted.set_result(None)
        handle.run = self._ended(handle, status, None)
        await self._keeper.keep(RunEnding(run=handle.run, message=None, has_begun=False))
        self._tell_end(handle, status, None)

    def _tell_end(self, handle: RunHandle, status: EndStatus, error: MochiError | None) -> None:
        handle.run = self._ended(handle, status, error)
        if error is not None:
            handle.emit(
                RunError(code=error.code, message=error.message, details=error.details, retryable=error.retryable)
            )
        handle.emit(Done(session_id=handle.run.session_id, run_id=handle.run.run_id, status=status))

    def _ended(self, handle: RunHandle, status: EndStatus, error: MochiError | None) -> Run:
        state = self._log.state(handle.run.run_id)
        said = state.last_sequence if state else 0
        return replace(
            handle.run,
            status=status,
            ended_at=handle.run.ended_at or self._clock.now(),
            error=RunFailure(code=error.code, message=error.message) if error else None,
            last_sequence=said + (2 if error else 1),
            request=None,
        )
