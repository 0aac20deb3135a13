"""A person asks: a run begins, or one that this very request began before is joined."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from weakref import WeakValueDictionary

from application.model_directory import ModelDirectory
from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.ports.run_log import Follower, RunLog
from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from application.runs.prepare_run import require_something_to_answer
from application.runs.room_check import RoomCheck
from application.runs.run_handle import RunHandle
from application.runs.supervisor import RunSupervisor
from application.runs.window_keeper import WindowKeeper
from application.turnstile import Turnstile
from application.use_cases.follow_run import FollowRun, StreamPosition
from application.use_cases.run_warnings import RunWarnings
from application.work_ids import current_ids
from domain.conversation import after_last_user_message_dropped
from domain.errors import IdempotencyConflict
from domain.identifiers import require_session_id
from domain.model_card import ModelCard, require_sight
from domain.run import IDEMPOTENCY_KEPT, ChatRequest, Run
from domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedRun:
    """The run's record as it began, and a reader of its events from the first."""

    run: Run
    events: Follower


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatable:
    """What makes a repeated request known: the client's key, and a digest of the body that came with it."""

    key: str
    request_digest: str


class StartRun:
    def __init__(
        self,
        *,
        sessions: SessionStore,
        runs: RunStore,
        log: RunLog,
        directory: ModelDirectory,
        supervisor: RunSupervisor,
        follow_run: FollowRun,
        run_warnings: RunWarnings,
        windows: WindowKeeper,
        room_check: RoomCheck,
        clock: Clock,
        ids: IdSource,
        turnstile: Turnstile,
    ) -> None:
        self._sessions = sessions
        self._runs = runs
        self._log = log
        self._directory = directory
        self._supervisor = supervisor
        self._follow_run = follow_run
        self._run_warnings = run_warnings
        self._windows = windows
        self._room_check = room_check
        self._clock = clock
        self._ids = ids
        self._turnstile = turnstile
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def __call__(
        self,
        session_id: str,
        request: ChatRequest,
        repeatable: Repeatable | None = None,
        *,
        can_confirm: bool = True,
    ) -> AsyncIterator[StartedRun]:
        """Start a run and read it; leaving the context is leaving as a reader.

        `can_confirm` says whether the reader can be asked about a tool's call. Where not, a call that needs it ends the
        run and undoes what it did to the session.

        On entering, the user's message is stored, unless the run waits for its turn. Raises SessionNotFound,
        SessionCorrupt, SessionBusy, EmptyHistory, ValidationFailed (pictures for a model that cannot see),
        ContextOverflow (surely too long, even alone), IdempotencyConflict, StorageFailed; then no run has begun and
        the session is as it was.
        """
        require_session_id(session_id)
        await self._turnstile.turn()
        session = await self._sessions.load(session_id)
        begun = await self._begun(session_id, repeatable)
        begun = begun or await self._begin(session, request, repeatable, can_confirm=can_confirm)
        if isinstance(begun, Run):
            async with self._follow_run(session_id, StreamPosition(run_id=begun.run_id, after=0)) as followed:
                yield StartedRun(run=begun, events=followed.events)
        else:
            # No await since the run began, or was found at work: its only other reader could leave meanwhile.
            async with self._reading(begun) as events:
                yield StartedRun(run=begun.run, events=events)

    async def _begin(
        self, session: Session, request: ChatRequest, repeatable: Repeatable | None, *, can_confirm: bool
    ) -> RunHandle | Run:
        """A new run; or that of the same request, which may have begun, and even ended, while this one prepared."""
        card = await self._directory.peek(session.model)
        warnings = await self._run_warnings(session, request, card)
        async with self._turn(session.session_id, repeatable):
            if begun := await self._begun(session.session_id, repeatable):
                return begun
            await self._room_check(session, request, card.context_length if card else None)
            self._require_answerable(session, request, card)
            run = self._new_run(session, repeatable)
            arrived_at = current_ids().arrived_at
            handle = RunHandle(
                run, request, warnings, can_confirm=can_confirm, model=session.model, arrived_at=arrived_at
            )
            self._supervisor.submit(handle)
            self._windows.look_ahead(session.model)
            return handle

    def _turn(self, session_id: str, repeatable: Repeatable | None) -> AbstractAsyncContextManager[None]:
        """Held by one request of a key at a time, from the look for its run to the start of one."""
        if repeatable is None:
            return nullcontext()
        return self._turns.setdefault((session_id, repeatable.key), asyncio.Lock())

    @asynccontextmanager
    async def _reading(self, handle: RunHandle) -> AsyncIterator[Follower]:
        with self._supervisor.reading(handle):
            if not handle.was_announced and (error := await asyncio.shield(handle.accepted)):
                # Its session is free again before the caller hears of it.
                await asyncio.shield(handle.ended)
                raise error
            async with self._log.follow(handle.run.run_id, 0) as events:
                await self._turnstile.turn()
                yield events

    def _new_run(self, session: Session, repeatable: Repeatable | None) -> Run:
        return Run(
            run_id=self._ids.new_run_id(),
            session_id=session.session_id,
            status="queued",
            created_at=self._clock.now(),
            idempotency_key=repeatable.key if repeatable else None,
            request_digest=repeatable.request_digest if repeatable else None,
        )

    def _require_answerable(self, session: Session, request: ChatRequest, card: ModelCard | None) -> None:
        """Refuse what is known to be impossible before anything is stored. A run that waits is looked at again."""
        if request.images and card is not None:
            require_sight(card)
        if request.message is not None or self._supervisor.runs_of(session.session_id):
            return
        if request.regenerate:
            session = after_last_user_message_dropped(session, session.updated_at)
        require_something_to_answer(session)

    async def _begun(self, session_id: str, repeatable: Repeatable | None) -> RunHandle | Run | None:
        """The run of this very request: at work, or ended and stored. Raises IdempotencyConflict."""
        if repeatable is None:
            return None
        handle = self._supervisor.find_by_key(session_id, repeatable.key)
        if handle is not None:
            _require_same(handle.run, repeatable)
            return handle
        kept_since = self._clock.now() - IDEMPOTENCY_KEPT
        for run in (*self._supervisor.unsaved_runs(session_id), *await self._runs.list_runs(session_id)):
            if run.idempotency_key == repeatable.key and run.has_ended and run.created_at >= kept_since:
                _require_same(run, repeatable)
                return run
        return None


def _require_same(run: Run, repeatable: Repeatable) -> None:
    if run.request_digest != repeatable.request_digest:
        raise IdempotencyConflict(run.session_id, run.run_id)
