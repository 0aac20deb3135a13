"""Making a session."""

from dataclasses import dataclass, field

from application.model_directory import ModelDirectory
from application.offers import Offers
from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.ports.session_store import SessionStore
from application.use_cases.new_session import keep_as_new
from application.use_cases.session_view import SessionView, SessionViews
from application.use_cases.system_prompt import SystemPromptSource
from domain.context_window import ContextWindowConfig, WindowChoice, require_window, with_choice
from domain.session import AgentSettings, Session, ToolSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """What a session is made of. The text of `system_prompt_source_file` wins over `system_prompt`."""

    model: str
    system_prompt: str | None = None
    system_prompt_source_file: str | None = None
    tool_settings: ToolSettings = field(default_factory=ToolSettings)
    agent_settings: AgentSettings = field(default_factory=AgentSettings)
    context_window: WindowChoice | None = None


class CreateSession:
    def __init__(
        self,
        *,
        sessions: SessionStore,
        models: ModelDirectory,
        offers: Offers,
        prompt_source: SystemPromptSource,
        views: SessionViews,
        clock: Clock,
        ids: IdSource,
        dynamic_window_enabled: bool,
    ) -> None:
        self._sessions = sessions
        self._models = models
        self._offers = offers
        self._prompt_source = prompt_source
        self._views = views
        self._clock = clock
        self._ids = ids
        self._dynamic_window_enabled = dynamic_window_enabled

    async def __call__(self, new: NewSession) -> SessionView:
        """Raises ModelNotFound, ModelServerError, ToolNotFound, AgentNotFound, AgentInvalid, PromptNotFound,
        ValidationFailed, StorageFailed."""
        known_names = await self._offers.known_names(new.tool_settings, new.agent_settings)
        known_names.require_tools(new.tool_settings)
        known_names.require_agents(new.agent_settings)
        card = await self._models.get(new.model)
        now = self._clock.now()
        window = ContextWindowConfig(dynamic_enabled=self._dynamic_window_enabled)
        if new.context_window:
            require_window(new.context_window, card.context_length)
            window = with_choice(window, new.context_window, now)
        prompt = await self._prompt_source.message(new.system_prompt, new.system_prompt_source_file)
        session = Session(
            session_id=self._ids.new_id(),
            model=new.model,
            created_at=now,
            updated_at=now,
            messages=(prompt,) if prompt else (),
            tool_settings=new.tool_settings,
            agent_settings=new.agent_settings,
            context_window=window,
        )
        return await self._views.view(await keep_as_new(session, sessions=self._sessions, ids=self._ids))
