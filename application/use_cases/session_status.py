"""How a session stands."""

from dataclasses import dataclass

from application.ports.session_store import SessionStore
from application.runs.supervisor import RunSupervisor
from application.use_cases.session_view import SessionView, SessionViews
from domain.conversation import system_prompt_of
from domain.identifiers import require_session_id
from domain.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStatus:
    """A session, what of its settings is in force, and its `run` at work, if any."""

    view: SessionView
    active_tools: tuple[str, ...]
    active_agents: tuple[str, ...]
    system_prompt_file: str | None
    run: Run | None


class ReadStatus:
    def __init__(self, *, sessions: SessionStore, supervisor: RunSupervisor, views: SessionViews) -> None:
        self._sessions = sessions
        self._supervisor = supervisor
        self._views = views

    async def __call__(self, session_id: str) -> SessionStatus:
        """Raises SessionNotFound, SessionCorrupt, StorageFailed."""
        require_session_id(session_id)
        view = await self._views.view(await self._sessions.load(session_id))
        prompt = system_prompt_of(view.session.messages)
        return SessionStatus(
            view=view,
            active_tools=view.known_names.active_tools(view.session.tool_settings),
            active_agents=view.known_names.active_agents(view.session.agent_settings),
            system_prompt_file=prompt.source_file if prompt else None,
            run=self._supervisor.run_at_work(session_id),
        )
