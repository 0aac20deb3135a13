"""The end of a run, kept: what was left of its answer, and its record."""

import logging
from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from application.runs.call_closer import CallCloser
from domain.conversation import put_longer_message
from domain.errors import MochiError, SessionNotFound
from domain.message import AssistantMessage
from domain.run import Run
from domain.session import Session

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnding:
    """`message` is the part of an answer that a cut left, None where there is none to store."""

    run: Run
    message: AssistantMessage | None


class RunKeeper:
    """Stores how runs ended. What a full disk refuses is kept in memory and tried again until it is stored."""

    def __init__(self, *, sessions: SessionStore, runs: RunStore, call_closer: CallCloser, clock: Clock) -> None:
        self._sessions = sessions
        self._runs = runs
        self._call_closer = call_closer
        self._clock = clock
        self._unsaved: dict[str, RunEnding] = {}

    async def keep(self, ending: RunEnding) -> MochiError | None:
        """Store the ending; the store's error where it would not, and then it is tried again later."""
        try:
            await self._save(ending)
        except MochiError as error:
            _log.warning("run %s could not be stored yet: %s", ending.run.run_id, error.message)
            self._unsaved[ending.run.session_id] = ending
            return error
        return None

    async def keep_unsaved(self, session_id: str) -> None:
        """Store what is still unsaved of a session, before another run writes to it. Raises what the store raises."""
        if ending := self._unsaved.get(session_id):
            await self._save(ending)
            self._unsaved.pop(session_id, None)

    async def retry_all(self) -> None:
        """Try once to store everything that is unsaved; what fails again stays."""
        for session_id in list(self._unsaved):
            try:
                await self.keep_unsaved(session_id)
            except MochiError:
                continue

    def drop(self, session_id: str) -> None:
        """Nothing of this session needs to be kept any more: it is deleted."""
        self._unsaved.pop(session_id, None)

    async def _save(self, ending: RunEnding) -> None:
        if ending.run.status != "completed":
            try:
                await self._sessions.update(ending.run.session_id, lambda session: self._closed(session, ending))
            except SessionNotFound:
                await self._runs.forget(ending.run.session_id)
                return
        await self._runs.update(ending.run)

    def _closed(self, session: Session, ending: RunEnding) -> Session:
        if ending.message is not None:
            session = put_longer_message(session, ending.message, self._clock.now())
        return self._call_closer(session)
