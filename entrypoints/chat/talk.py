"""Which session is talked in, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from application.use_cases.create_session import NewSession
from application.use_cases.update_session import SessionChange
from domain.agent import Agent
from domain.errors import AgentInvalid, AgentNotFound
from domain.message import UserMessage
from domain.session import AgentSettings, SessionOverview, ToolSettings
from entrypoints.chat.screen import Screen
from entrypoints.chat.use_cases import ChatUseCases


@dataclass(slots=True, kw_only=True)
class Talk:
    """`session_id` is None until something is said: a session that nobody spoke in is not kept.

    `listed` are the sessions as they were numbered last, `chosen_agents` those that a new session is to have, None for
    all.
    """

    use_cases: ChatUseCases
    screen: Screen
    model: str
    think: bool = False
    session_id: str | None = None
    listed: Sequence[SessionOverview] = ()
    chosen_agents: AgentSettings | None = None
    warnings: set[str] = field(default_factory=set)

    async def session(self) -> str:
        """Of what is said next: made where there is none. Raises what CreateSession raises."""
        if self.session_id is None:
            new = NewSession(
                model=self.model,
                tool_settings=await self.tool_settings(),
                agent_settings=await self.agent_settings(),
            )
            self.session_id = (await self.use_cases.create_session(new)).session.session_id
        return self.session_id

    async def tool_settings(self) -> ToolSettings:
        """Those of the session; a new one has all tools that there are, and each asks."""
        if self.session_id is not None:
            return (await self.use_cases.get_session(self.session_id)).session.tool_settings
        return ToolSettings(tools=tuple((await self.use_cases.list_tools()).tools))

    async def agent_settings(self) -> AgentSettings:
        """Those of the session; a new one has all agents that can be used, unless some were switched off before."""
        if self.session_id is not None:
            return (await self.use_cases.get_session(self.session_id)).session.agent_settings
        if self.chosen_agents is not None:
            return self.chosen_agents
        agents = await self.use_cases.list_agents()
        return AgentSettings(enabled_agents=tuple(name for name, agent in agents.items() if agent.is_valid))

    async def switch_agents(self, name: str, *, on: bool) -> None:
        """An agent, or with no name all that can be used; those that are gone go out of the settings, too.

        Raises AgentNotFound, AgentInvalid; in a session also what UpdateSession raises.
        """
        agents = await self.use_cases.list_agents()
        if name:
            _require_usable(agents, name)
        settings = await self.agent_settings()
        usable = [each for each in agents if agents[each].is_valid]
        enabled = tuple(each for each in usable if (on if name in ("", each) else each in settings.enabled_agents))
        changed = replace(settings, enabled_agents=enabled)
        if self.session_id is not None:
            await self.use_cases.update_session(self.session_id, SessionChange(agent_settings=changed))
        else:
            self.chosen_agents = changed

    async def resume(self, session_id: str) -> None:
        """Raises SessionNotFound, SessionCorrupt, StorageFailed; then all is as before."""
        view = await self.use_cases.get_session(session_id)
        self.session_id, self.model = view.session.session_id, view.session.model
        self.warnings = set(view.warnings)
        self.screen.remember(each.content for each in view.session.messages if isinstance(each, UserMessage))
        self.screen.note(
            f"Session {self.session_id} with {self.model}, {view.session.message_count} messages; /history shows them."
        )
        for warning in view.warnings:
            self.screen.note(warning)

    def begin_another(self) -> None:
        self.session_id = self.chosen_agents = None
        self.warnings.clear()

    async def use_model(self, name: str) -> None:
        """Raises ModelNotFound, ModelServerError; StorageFailed and the like in a session."""
        if self.session_id is not None:
            await self.use_cases.update_session(self.session_id, SessionChange(model=name))
        else:
            await self.use_cases.get_model(name)
        self.model = name
        self.warnings.clear()


def _require_usable(agents: Mapping[str, Agent], name: str) -> None:
    if name not in agents:
        raise AgentNotFound(name)
    if (reason := agents[name].error_message) is not None:
        raise AgentInvalid(name, reason)
