"""Summaries in the background, when everything else is done."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass

from application.ports.session_store import SessionStore
from application.runs.run_handle import RunHandle
from application.runs.run_news import RunNews, RunWatcher
from application.runs.summary_desk import GaveWay, SummaryDesk
from domain.errors import MochiError, SessionBusy, SessionNotFound
from domain.model_card import model_key
from domain.summary import ends_with_plain_answer, has_something_to_summarize, summary_model_of

PAUSE_SECONDS = 2.0
"""How long a model must be idle: somebody who answers quickly finds no summary in the way."""

LOOK_AGAIN_SECONDS = 10.0
"""For what nobody tells of: that a run has begun to wait for a person, and wants no model meanwhile."""

MOST_DUE = 1_000
"""Sessions that may wait for their summary; beyond these, the one that has waited longest goes without."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Due:
    """`at` is a time of the event loop's. `model_key` is that of the model that will be asked, as far as is known."""

    at: float
    model_key: str | None


class SummaryKeeper(RunWatcher):
    """Has a session summarised after each run of it that completed, one session at a time.

    A summary that gives way to a run is due again after it. One that fails is a line in the log, and due again after
    the session's next run.
    """

    def __init__(
        self,
        *,
        sessions: SessionStore,
        desk: SummaryDesk,
        news: RunNews,
        unsupported_models: tuple[str, ...],
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._sessions = sessions
        self._desk = desk
        self._news = news
        self._unsupported_models = unsupported_models
        self._pause_seconds = pause_seconds
        self._due: dict[str, _Due] = {}
        self._changed = asyncio.Event()

    async def keep_for_ever(self) -> None:
        """Runs until it is cancelled, and ends the summary at work then. Raises nothing else."""
        self._news.watch(self)
        while True:
            await self._summarize(await self._next_session())

    def taken_in(self, handle: RunHandle) -> None:
        """The desk gives way to it."""

    def asks(self, handle: RunHandle, model: str) -> None:
        """The desk gives way to it."""

    def ended(self, handle: RunHandle) -> None:
        session_id, later = handle.run.session_id, self._later()
        key = model_key(handle.model) if handle.model else None
        if handle.run.status == "completed":
            self._due.pop(session_id, None)
            self._due[session_id] = _Due(later, key)
            if len(self._due) > MOST_DUE:
                del self._due[next(iter(self._due))]
        for due in self._due.values():
            if due.model_key == key:
                due.at = later
        self._changed.set()

    async def _next_session(self) -> str:
        """The one that has been due for longest of those whose summary would be in nobody's way."""
        while True:
            now = asyncio.get_running_loop().time()
            if session_id := self._first_ready(now):
                return session_id
            self._changed.clear()
            coming = [due.at - now if due.at > now else LOOK_AGAIN_SECONDS for due in self._due.values()]
            with suppress(TimeoutError):
                async with asyncio.timeout(min(coming, default=None)):
                    await self._changed.wait()

    def _first_ready(self, now: float) -> str | None:
        ready = [session_id for session_id, due in self._due.items() if due.at <= now]
        wanted = self._desk.wanted_models() if ready else frozenset()
        return next(
            (each for each in ready if self._due[each].model_key not in wanted and self._desk.is_free(each)), None
        )

    async def _summarize(self, session_id: str) -> None:
        due = self._due[session_id]
        try:
            is_settled = await self._try(session_id, due)
        except (GaveWay, SessionBusy):
            due.at = self._later()
            is_settled = self._desk.is_at_work_on(session_id)
        except SessionNotFound:
            is_settled = True
        except MochiError as error:
            # Its message may be the model server's own words, which may be anybody's.
            _log.warning("session %s could not be summarised: %s", session_id, error.code)
            is_settled = True
        except Exception as error:  # noqa: BLE001 - whatever broke, a summary must harm nothing
            _log.warning("session %s could not be summarised: %s", session_id, type(error).__name__)
            is_settled = True
        if is_settled and self._due.get(session_id) is due:
            del self._due[session_id]

    async def _try(self, session_id: str, due: _Due) -> bool:
        """Whether there is nothing left to do."""
        if self._desk.is_at_work_on(session_id):
            return True
        session = await self._sessions.load(session_id)
        model = summary_model_of(session, self._unsupported_models)
        messages = session.messages
        if model is None or not has_something_to_summarize(messages) or not ends_with_plain_answer(messages):
            return True
        due.model_key = model_key(model)
        if due.model_key in self._desk.wanted_models():
            return False
        await self._desk.make(session, model)
        return True

    def _later(self) -> float:
        return asyncio.get_running_loop().time() + self._pause_seconds
