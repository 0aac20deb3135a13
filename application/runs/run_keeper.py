"""The ends of runs, kept: at once, or as soon as the disk lets it."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from weakref import WeakValueDictionary

from application.ports.clock import Clock
from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from application.runs.run_ending import EndingWriter, RunEnding
from domain.conversation import put_longer_message
from domain.errors import MochiError
from domain.run import PartialAnswer, Run

_log = logging.getLogger(__name__)

RETRY_SECONDS = 0.8
"""How long what could not be stored rests until it is tried again."""


class _ServerFault(MochiError):
    """Something that no store foresaw."""

    def __init__(self, run_id: str) -> None:
        super().__init__("The server failed. Its log tells more.", run_id=run_id)


class RunKeeper:
    """Stores how runs ended. What a full disk refuses, or a fault of the server breaks off, is kept in memory and tried
    again until it is stored."""

    def __init__(self, *, endings: EndingWriter, agent_sessions: SessionStore, runs: RunStore, clock: Clock) -> None:
        self._endings = endings
        self._agent_sessions = agent_sessions
        self._runs = runs
        self._clock = clock
        self._unsaved: dict[str, RunEnding] = {}
        self._told_of: set[str] = set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def keep(self, ending: RunEnding) -> MochiError | None:
        """Store the ending; the error where that failed. What could not be stored is tried again later."""
        try:
            await self._save(ending)
        except MochiError as error:
            _log.warning("run %s could not be stored yet: %s", ending.run.run_id, error.message)
            self._unsaved[ending.run.run_id] = ending
            return error
        return None

    async def keep_agent_text(self, written: PartialAnswer) -> MochiError | None:
        """Store what an agent had written for a run that stays open, or that does not wait for the agent any more; the
        error where that failed. It is not tried again."""
        try:
            await self._agent_sessions.update(
                written.session_id, lambda session: put_longer_message(session, written.message, self._clock.now())
            )
        except MochiError as error:
            _log.warning("the text of run %s's agent could not be stored: %s", written.run_id, error.message)
            return error
        return None

    def unsaved_runs(self, session_id: str) -> list[Run]:
        """The runs whose endings are still to be stored: what the run store says of them is not true any more."""
        return [ending.run for ending in self._unsaved_of(session_id)]

    def amend(self, run: Run) -> None:
        """Have another record stored of a run whose ending is still unsaved."""
        if ending := self._unsaved.get(run.run_id):
            self._unsaved[run.run_id] = replace(ending, run=run)

    def turn(self, session_id: str) -> asyncio.Lock:
        """Held by the one who stores what is unsaved of a session, or drops it: an ending that is stored a second time
        would take back what a run wrote in between."""
        return self._turns.setdefault(session_id, asyncio.Lock())

    async def keep_unsaved(self, session_id: str) -> None:
        """Store what is still unsaved of a session, before another run writes to it. Raises what the store raises.

        Where a fault of the server breaks that off again, the record alone is stored: the session must not stay busy.
        """
        async with self.turn(session_id):
            while ending := next(iter(self._unsaved_of(session_id)), None):
                try:
                    await self._save(ending)
                except _ServerFault:
                    _log.warning("run %s is stored without the last of its text", ending.run.run_id)
                    await self._runs.update(ending.run)
                self._let_go(ending)

    async def retry_for_ever(self) -> None:
        """Runs until it is cancelled. Nothing that a store raises ends it, foreseen or not.

        Not the flusher's work: hundreds of endings that wait for a disk would hold up what healthy runs have written.
        """
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            await self.retry_all()

    async def retry_all(self) -> None:
        """Try once to store everything that is unsaved; what fails again stays."""
        for session_id in {ending.run.session_id for ending in self._unsaved.values()}:
            with suppress(MochiError):
                await self._retry(session_id)

    async def _retry(self, session_id: str) -> None:
        async with self.turn(session_id):
            while ending := next(iter(self._unsaved_of(session_id)), None):
                await self._save(ending)
                self._let_go(ending)

    async def forget(self, session_id: str) -> None:
        """Drop the records of a session that is not there. Where the store refuses, they stay and do no harm."""
        async with self.turn(session_id):
            self.drop(session_id)
            try:
                await self._runs.forget(session_id)
            except MochiError as error:
                _log.warning("the runs of session %s could not be forgotten: %s", session_id, error.message)

    def drop(self, session_id: str) -> None:
        """Nothing of this session needs to be kept any more: it is deleted. For who has the turn."""
        for ending in self._unsaved_of(session_id):
            self._let_go(ending)

    def _unsaved_of(self, session_id: str) -> list[RunEnding]:
        return [ending for ending in self._unsaved.values() if ending.run.session_id == session_id]

    def _let_go(self, ending: RunEnding) -> None:
        """One that was amended while it was stored stays, and is stored once more."""
        if self._unsaved.get(ending.run.run_id) is ending:
            del self._unsaved[ending.run.run_id]
            self._told_of.discard(ending.run.run_id)

    async def _save(self, ending: RunEnding) -> None:
        """Raises what the store raises, and _ServerFault, of which the log tells once: the next tries are soon."""
        try:
            await self._endings.write(ending)
        except MochiError:
            raise
        except Exception as fault:
            if ending.run.run_id not in self._told_of:
                self._told_of.add(ending.run.run_id)
                _log.exception("run %s could not be stored", ending.run.run_id)
            raise _ServerFault(ending.run.run_id) from fault
