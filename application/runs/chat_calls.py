"""The calls of a session's own model: tools of the server, and delegations to agents."""

from application.offers import Offer
from application.ports.session_store import SessionStore
from application.runs.call_result import CallResult
from application.runs.call_scope import CallScope
from application.runs.delegate import DelegateToAgent
from application.runs.run_handle import RunHandle
from application.runs.tool_caller import ToolCaller
from domain.agent import AGENT_TOOL
from domain.json_value import JsonObject
from domain.message import ToolCall
from domain.run_event import AgentComplete, RunEvent, ToolCallBegun, ToolResult
from domain.session import ToolSettings
from domain.tool import ToolOutcome
from domain.tool_policy import delegating_needs_consent, needs_consent


class ChatCalls(CallScope):
    """`model` is the session's, which agents fall back to. `has_agent_at_work` says that a delegation is to be gone on
    with, whatever the session's settings say of agents now."""

    agent_name = None

    def __init__(
        self,
        *,
        sessions: SessionStore,
        offer: Offer,
        model: str,
        call_tool: ToolCaller,
        delegate: DelegateToAgent,
        has_agent_at_work: bool,
    ) -> None:
        self._sessions = sessions
        self._offer = offer
        self._model = model
        self._call_tool = call_tool
        self._delegate = delegate
        self._has_agent_at_work = has_agent_at_work

    @property
    def sessions(self) -> SessionStore:
        return self._sessions

    def offers(self, tool_name: str) -> bool:
        return tool_name in self._offer.names

    def delegates(self, tool_name: str) -> bool:
        return self._offer.delegates(tool_name) or (self._has_agent_at_work and tool_name == AGENT_TOOL)

    def asks_about(self, settings: ToolSettings, tool_name: str) -> bool:
        return delegating_needs_consent(settings) if self.delegates(tool_name) else needs_consent(settings, tool_name)

    def name_of(self, tool_name: str) -> str:
        return tool_name

    async def refusal(self, call: ToolCall) -> ToolOutcome | None:
        if self.delegates(call.tool_name):
            return await self._delegate.refusal(call.arguments, self._offer.agents)
        return await self._call_tool.refusal(call)

    async def make(
        self, handle: RunHandle, index: int, call: ToolCall, changed_arguments: JsonObject | None
    ) -> CallResult:
        if self.delegates(call.tool_name):
            return await self._delegate(
                handle, index, call, changed_arguments, agents=self._offer.agents, chat_model=self._model
            )
        return await self._call_tool(handle, index, call, changed_arguments)

    def begun(self, index: int, call: ToolCall) -> RunEvent | None:
        if self.delegates(call.tool_name):
            return None
        return ToolCallBegun(
            tool_name=call.tool_name, arguments=call.arguments, call_index=index, tool_call_id=call.call_id
        )

    def ended(self, result: CallResult) -> RunEvent:
        """An agent that began is told to be done; for a delegation that came to nothing there is only the result."""
        if result.delegation is not None:
            return AgentComplete(
                agent_name=result.delegation.agent_name,
                session_id=result.delegation.session_id,
                output=result.outcome.text,
            )
        return ToolResult(
            tool_name=result.call.tool_name,
            success=result.outcome.success,
            result=result.text_of_success,
            error_message=result.text_of_failure,
            error_code=result.outcome.error_code,
            execution_time=result.execution_time,
            call_index=result.index,
            tool_call_id=result.call.call_id,
        )
