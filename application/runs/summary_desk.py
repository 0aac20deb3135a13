"""Summaries being made: one at a time of a session, and none that is in a run's way."""

import asyncio

from application.owned_task import finish_despite_cancellation
from application.ports.session_store import SessionStore
from application.runs.run_handle import RunHandle
from application.runs.run_news import RunNews, RunWatcher
from application.runs.summarizer import Summarizer
from application.runs.supervisor import RunSupervisor
from domain.errors import SessionBusy, SessionNotFound
from domain.model_card import model_key
from domain.session import Session, Summary
from domain.summary import with_summary


class GaveWay(Exception):
    """The summary was stopped: something that comes first wants the session or the model."""


class _Work:
    """A summary that is being made, or that waits for another of its session. `is_awaited` says that a person waits for
    it. `task` is None before its turn. `ended` is set when the next one may begin; `stopped` says why it was."""

    def __init__(self, session_id: str, model: str, *, is_awaited: bool) -> None:
        self.session_id = session_id
        self.model_key = model_key(model)
        self.is_awaited = is_awaited
        self.task: asyncio.Task[Summary] | None = None
        self.ended = asyncio.Event()
        self.stopped: Exception | None = None

    def stop(self, reason: Exception) -> None:
        """The first reason counts."""
        if self.stopped is None:
            self.stopped = reason
            if self.task is not None:
                self.task.cancel()


class SummaryDesk(RunWatcher):
    """Stops a summary within the very step in which a run is taken in or asks: its stream at the model's server is
    closed before the run has stored its message.

    A run of the session stops it in any case; another run of the model, one that nobody waits for.
    """

    def __init__(
        self, *, summarizer: Summarizer, sessions: SessionStore, supervisor: RunSupervisor, news: RunNews
    ) -> None:
        self._summarizer = summarizer
        self._sessions = sessions
        self._supervisor = supervisor
        self._at_work: list[_Work] = []
        news.watch(self)

    def is_at_work_on(self, session_id: str) -> bool:
        return any(work.session_id == session_id for work in self._at_work)

    def is_free(self, session_id: str) -> bool:
        """Whether no run of the session is at work or waits."""
        return not self._supervisor.runs_of(session_id)

    def wanted_models(self) -> frozenset[str]:
        """The keys of the models that somebody waits for, or will. A run that waits for a person may do so for days:
        when it goes on, it tells."""
        runs = self._supervisor.all_runs()
        asking = [each for each in runs if each.run.status != "awaiting_confirmation"]
        wanted = {model_key(model) for each in asking for model in (each.model, each.agent_model) if model}
        return frozenset(wanted.union(work.model_key for work in self._at_work if work.is_awaited))

    async def make(
        self, session: Session, model: str, *, is_awaited: bool = False, summary_model: str | None = None
    ) -> Summary:
        """The summary by `model`, stored; `summary_model` is stored with it, where there is one.

        Raises SessionBusy where a run of the session is at work, waits, or comes meanwhile; GaveWay, unless it is
        awaited, where somebody else comes first; ModelNotFound, ModelServerError, SessionNotFound, StorageFailed.
        """
        work = _Work(session.session_id, model, is_awaited=is_awaited)
        if is_awaited:
            self._clear_the_way_for(work)
        self._at_work.append(work)
        try:
            while (first := next(other for other in self._at_work if other.session_id == work.session_id)) is not work:
                await first.ended.wait()
            # No await from here on until the task is there: a run that comes then finds it.
            self._require_free(work)
            work.task = asyncio.create_task(self._make(session, model, summary_model), name="summary")
            return await _outcome(work, work.task)
        finally:
            self._at_work.remove(work)
            work.ended.set()

    def drop(self, session_id: str) -> None:
        """Make no summary of a session that is to be deleted. Who waits for one is told that it is not there."""
        for work in self._at_work:
            if work.session_id == session_id:
                work.stop(SessionNotFound(session_id))

    def taken_in(self, handle: RunHandle) -> None:
        self._give_way_to(handle, handle.model)

    def asks(self, handle: RunHandle, model: str) -> None:
        self._give_way_to(handle, model)

    def ended(self, handle: RunHandle) -> None:
        """Who waits for that looks by itself."""

    async def _make(self, session: Session, model: str, summary_model: str | None) -> Summary:
        summary = await self._summarizer(session, model)
        await self._sessions.update(
            session.session_id, lambda current: with_summary(current, summary, summary_model=summary_model)
        )
        return summary

    def _require_free(self, work: _Work) -> None:
        if runs := self._supervisor.runs_of(work.session_id):
            raise SessionBusy(work.session_id, runs[0].run.run_id)
        if work.stopped is not None:
            raise work.stopped

    def _clear_the_way_for(self, work: _Work) -> None:
        for other in self._at_work:
            is_in_the_way = other.session_id == work.session_id or other.model_key == work.model_key
            if is_in_the_way and not other.is_awaited:
                other.stop(GaveWay())

    def _give_way_to(self, handle: RunHandle, model: str | None) -> None:
        """Where the model is not known yet, it may be any."""
        if not self._at_work:
            return
        session_id, key = handle.run.session_id, model_key(model) if model else None
        for work in self._at_work:
            if work.session_id == session_id:
                work.stop(SessionBusy(session_id, handle.run.run_id))
            elif not work.is_awaited and key in (None, work.model_key):
                work.stop(GaveWay())


async def _outcome(work: _Work, task: "asyncio.Task[Summary]") -> Summary:
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        await finish_despite_cancellation(asyncio.wait([task]))
        if not task.cancelled():
            task.exception()  # Seen here, else asyncio reports it as never retrieved.
        raise
    if task.cancelled() and work.stopped is not None:
        raise work.stopped
    return task.result()
