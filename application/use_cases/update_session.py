"""Changing the settings of a session."""

from dataclasses import dataclass, replace
from datetime import datetime

from application.model_directory import ModelDirectory
from application.offers import Offers
from application.ports.clock import Clock
from application.ports.session_store import SessionStore
from application.use_cases.session_view import SessionView, SessionViews
from domain.context_window import WindowChoice, fitted, require_window, with_choice
from domain.identifiers import require_session_id
from domain.session import AgentSettings, Session, ToolSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionChange:
    """What is to be another; None stays as it is. An object takes the place of the whole old one."""

    model: str | None = None
    tool_settings: ToolSettings | None = None
    agent_settings: AgentSettings | None = None
    context_window: WindowChoice | None = None


class UpdateSession:
    """Changes settings, also while a run is at work: it counts from the next run, a policy from the next call."""

    def __init__(
        self,
        *,
        sessions: SessionStore,
        models: ModelDirectory,
        offers: Offers,
        views: SessionViews,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._models = models
        self._offers = offers
        self._views = views
        self._clock = clock

    async def __call__(self, session_id: str, change: SessionChange) -> SessionView:
        """Raises SessionNotFound, SessionCorrupt, ModelNotFound, ModelServerError, ToolNotFound, AgentNotFound,
        AgentInvalid, ValidationFailed, StorageFailed."""
        require_session_id(session_id)
        session = await self._sessions.load(session_id)
        await self._require_known_names(change)
        model_max_context = await self._model_max_context(session, change)
        if change.context_window:
            require_window(change.context_window, model_max_context)
        at = self._clock.now()
        updated = await self._sessions.update(
            session_id, lambda current: _changed(current, change, model_max_context, at)
        )
        return await self._views.view(updated)

    async def _require_known_names(self, change: SessionChange) -> None:
        known_names = await self._offers.known_names(
            change.tool_settings or ToolSettings(), change.agent_settings or AgentSettings()
        )
        if change.tool_settings:
            known_names.require_tools(change.tool_settings)
        if change.agent_settings:
            known_names.require_agents(change.agent_settings)

    async def _model_max_context(self, session: Session, change: SessionChange) -> int | None:
        """Asked for only where the change depends on it, so that the rest works while the model's server is down."""
        if change.model is not None:
            return (await self._models.get(change.model)).context_length
        if change.context_window and change.context_window.manual_override:
            return (await self._models.get(session.model)).context_length
        return None


def _changed(session: Session, change: SessionChange, model_max_context: int | None, at: datetime) -> Session:
    if change == SessionChange():
        return session
    window = fitted(session.context_window, model_max_context, at)
    return replace(
        session,
        model=change.model or session.model,
        tool_settings=change.tool_settings or session.tool_settings,
        agent_settings=change.agent_settings or session.agent_settings,
        context_window=with_choice(window, change.context_window, at) if change.context_window else window,
        updated_at=at,
    )
