"""The calls of an agent: tools of its own folder."""

from collections.abc import Collection

from application.ports.session_store import SessionStore
from application.runs.call_result import CallResult
from application.runs.call_scope import CallScope
from application.runs.run_handle import RunHandle
from application.runs.tool_caller import ToolCaller
from domain.agent import qualified
from domain.json_value import JsonObject
from domain.message import ToolCall
from domain.run_event import AgentToolCall, AgentToolResult, RunEvent
from domain.session import ToolSettings
from domain.tool import ToolOutcome
from domain.tool_policy import agent_needs_consent


class AgentCalls(CallScope):
    """`tool_names` are the agent's own; to `call_tool` they are known by their qualified names."""

    def __init__(
        self, *, sessions: SessionStore, agent_name: str, tool_names: Collection[str], call_tool: ToolCaller
    ) -> None:
        self._sessions = sessions
        self._agent_name = agent_name
        self._tool_names = tool_names
        self._call_tool = call_tool

    @property
    def sessions(self) -> SessionStore:
        return self._sessions

    @property
    def agent_name(self) -> str:
        return self._agent_name

    def offers(self, tool_name: str) -> bool:
        return tool_name in self._tool_names

    def delegates(self, tool_name: str) -> bool:  # noqa: ARG002 - whatever it is called, it is a tool of its own
        """Never: who works for somebody cannot pass the work on, so that no delegation goes on without end."""
        return False

    def asks_about(self, settings: ToolSettings, tool_name: str) -> bool:
        return agent_needs_consent(settings, self._agent_name, tool_name)

    def name_of(self, tool_name: str) -> str:
        return qualified(self._agent_name, tool_name)

    async def refusal(self, call: ToolCall) -> ToolOutcome | None:
        return await self._call_tool.refusal(call, self.name_of(call.tool_name))

    async def make(
        self, handle: RunHandle, index: int, call: ToolCall, changed_arguments: JsonObject | None
    ) -> CallResult:
        return await self._call_tool(handle, index, call, changed_arguments, self.name_of(call.tool_name))

    def begun(self, index: int, call: ToolCall) -> RunEvent | None:  # noqa: ARG002 - an agent's events have no index
        return AgentToolCall(agent_name=self._agent_name, tool_name=call.tool_name, arguments=call.arguments)

    def ended(self, result: CallResult) -> RunEvent:
        return AgentToolResult(
            agent_name=self._agent_name,
            tool_name=result.call.tool_name,
            success=result.outcome.success,
            result=result.text_of_success,
            error_message=result.text_of_failure,
        )
