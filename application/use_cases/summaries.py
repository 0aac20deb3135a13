"""Summaries on demand."""

from application.model_directory import ModelDirectory
from application.ports.session_store import SessionStore
from application.runs.summary_desk import SummaryDesk
from application.runs.supervisor import RunSupervisor
from domain.errors import EmptyHistory, SessionBusy, SummaryModelRequired, ValidationFailed
from domain.identifiers import require_session_id
from domain.session import Session, Summary
from domain.summary import can_summarize, has_something_to_summarize, summary_model_of


class SummarizeSession:
    """Makes the summary now, whether or not they are made in the background. A run of the session still comes first."""

    def __init__(
        self,
        *,
        sessions: SessionStore,
        models: ModelDirectory,
        desk: SummaryDesk,
        supervisor: RunSupervisor,
        unsupported_models: tuple[str, ...],
    ) -> None:
        self._sessions = sessions
        self._models = models
        self._desk = desk
        self._supervisor = supervisor
        self._unsupported_models = unsupported_models

    async def __call__(self, session_id: str, model: str | None = None) -> Summary:
        """The summary by `model`, else by the session's, else by the one that was remembered.

        It is stored, and a model that was named, or the first that was used, is remembered.
        Raises SessionNotFound, SessionCorrupt, EmptyHistory, SummaryModelRequired; ValidationFailed for a named model
        that may make none here; SessionBusy where a run is at work or comes meanwhile; ModelNotFound,
        ModelServerError, StorageFailed. Then nothing has changed.
        """
        require_session_id(session_id)
        if model is not None and not can_summarize(model, self._unsupported_models):
            raise ValidationFailed("This model makes no summaries on this server. Name another one.", field="model")
        session = await self._sessions.load(session_id)
        used = self._model_for(session, model)
        await self._models.get(used)
        remembered = model if session.summary_model else used
        return await self._desk.make(session, used, is_awaited=True, summary_model=remembered)

    def _model_for(self, session: Session, model: str | None) -> str:
        if runs := self._supervisor.runs_of(session.session_id):
            raise SessionBusy(session.session_id, runs[0].run.run_id)
        if not has_something_to_summarize(session.messages):
            raise EmptyHistory(session.session_id, "summarise")
        used = model or summary_model_of(session, self._unsupported_models)
        if used is None:
            raise SummaryModelRequired(session.session_id)
        return used


class ReadSummary:
    def __init__(self, *, sessions: SessionStore) -> None:
        self._sessions = sessions

    async def __call__(self, session_id: str) -> Summary | None:
        """None where there is none yet. Raises SessionNotFound, SessionCorrupt, StorageFailed."""
        require_session_id(session_id)
        return (await self._sessions.load(session_id)).summary
