"""The course of one run: it begins, its work is done, and it ends, whatever happens."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from application.owned_task import finish_despite_cancellation
from application.ports.clock import Clock
from application.ports.run_log import RunLog
from application.runs.execute_run import ExecuteRun
from application.runs.prepare_run import PrepareRun
from application.runs.run_ending import RunEnding
from application.runs.run_handle import RunHandle
from application.runs.run_keeper import RunKeeper
from application.turnstile import Turnstile
from domain.errors import MochiError, SessionNotFound, ToolConfirmationRequired
from domain.run import EndStatus, PartialAnswer, Run, RunFailure
from domain.run_event import Done, RunError
from domain.session import Session

_log = logging.getLogger(__name__)

_CUT_REASONS: dict[EndStatus, str] = {
    "cancelled": "cancelled",
    "failed": "error",
    "interrupted": "interrupted",
    "completed": "stop",
}


class RunCourse:
    """Every run that was announced ends with `done` in its log, its text and its record stored, whatever happens.

    Whose turn it is, and who waits for whom, is the supervisor's.
    """

    def __init__(
        self,
        *,
        prepare: PrepareRun,
        execute: ExecuteRun,
        keeper: RunKeeper,
        log: RunLog,
        clock: Clock,
        turnstile: Turnstile,
    ) -> None:
        self._prepare = prepare
        self._execute = execute
        self._keeper = keeper
        self._log = log
        self._clock = clock
        self._turnstile = turnstile

    def announce(self, handle: RunHandle) -> None:
        """Open the run's events to readers, if they are not open yet."""
        if not handle.was_announced:
            run = handle.run
            handle.last_sequence = (run.last_sequence or 0) if handle.is_resumed else 0
            handle.announce(self._log.open(run.run_id, run.session_id, handle.snapshot, after=handle.last_sequence))

    async def take(self, handle: RunHandle, leave: Callable[[], None]) -> None:
        """To the end. A cancellation that nobody asked of the handle is raised again, after the end was kept.

        `leave` is called in the step that tells the end: whoever has read `done` finds the session free.
        """
        status: EndStatus = "completed"
        error: MochiError | None = None
        try:
            handle.begin()
            await self._turnstile.turn()
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
            await finish_despite_cancellation(self._finish(handle, status, error, leave))

    async def end_unbegun(self, handle: RunHandle, status: EndStatus) -> None:
        """A run that was ended before it began leaves its record and its events, and nothing else."""
        self.announce(handle)
        if not handle.accepted.done():
            handle.accepted.set_result(None)
        handle.run = self._ended(handle, status, None)
        await self._keeper.keep(RunEnding(run=handle.run, message=None, has_begun=False))
        self._tell_end(handle, status, None)

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
        self.announce(handle)
        handle.accepted.set_result(None)
        return session

    async def _finish(
        self, handle: RunHandle, status: EndStatus, error: MochiError | None, leave: Callable[[], None]
    ) -> None:
        try:
            await self._turnstile.turn()
            if handle.stays_open:
                await self._keep_open(handle)
            elif not handle.accepted.done() and error is None:
                await self.end_unbegun(handle, status)
            elif handle.accepted.done() and handle.accepted.result() is None:
                await self._keep_ending(handle, "completed" if handle.has_completed else status, error)
            else:
                await self._keep_refusal(handle, status, error)
        finally:
            leave()

    async def _keep_open(self, handle: RunHandle) -> None:
        """Its record says all that the next start of the server needs; its readers come back then."""
        run, written = handle.run, handle.cut_agent_message(self._clock.now(), _CUT_REASONS["interrupted"])
        if written and run.delegation:
            agents = run.delegation.session_id
            await self._keeper.keep_agent_text(PartialAnswer(session_id=agents, run_id=run.run_id, message=written))
        if not handle.accepted.done():
            handle.accepted.set_result(None)

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
