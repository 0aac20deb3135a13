"""Which session is talked in, and how."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from application.use_cases.create_session import NewSession
from application.use_cases.update_session import SessionChange
from domain.message import UserMessage
from domain.session import SessionOverview, ToolSettings
from entrypoints.chat.screen import Screen
from entrypoints.chat.use_cases import ChatUseCases


@dataclass(slots=True, kw_only=True)
class Talk:
    """`session_id` is None until something is said: a session that nobody spoke in is not kept.

    `listed` are the sessions as they were numbered last.
    """

    use_cases: ChatUseCases
    screen: Screen
    model: str
    think: bool = False
    session_id: str | None = None
    listed: Sequence[SessionOverview] = ()
    warnings: set[str] = field(default_factory=set)

    async def session(self) -> str:
        """Of what is said next: made where there is none. Raises what CreateSession raises."""
        if self.session_id is None:
            new = NewSession(model=self.model, tool_settings=await self.tool_settings())
            self.session_id = (await self.use_cases.create_session(new)).session.session_id
        return self.session_id

    async def tool_settings(self) -> ToolSettings:
        """Those of the session; a new one has all tools that there are, and each asks."""
        if self.session_id is not None:
            return (await self.use_cases.get_session(self.session_id)).session.tool_settings
        return ToolSettings(tools=tuple((await self.use_cases.list_tools()).tools))

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
        self.session_id = None
        self.warnings.clear()

    async def use_model(self, name: str) -> None:
        """Raises ModelNotFound, ModelServerError; StorageFailed and the like in a session."""
        if self.session_id is not None:
            await self.use_cases.update_session(self.session_id, SessionChange(model=name))
        else:
            await self.use_cases.get_model(name)
        self.model = name
        self.warnings.clear()
