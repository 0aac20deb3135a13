"""The results of an answer's tool calls, as messages that the model reads next."""

from application.owned_task import finish_despite_cancellation
from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.ports.session_store import SessionStore
from application.runs.run_handle import RunHandle
from domain.conversation import append
from domain.errors import ToolNotFound
from domain.message import AssistantMessage, ToolCall, ToolMessage
from domain.run_event import ToolResult
from domain.session import Session


class AnswerToolCalls:
    """Follows each call with its result.

    No session of this server can enable a tool yet, so a call is always one that the model was not offered: it is
    told so, and may answer in words.
    """

    def __init__(self, *, sessions: SessionStore, clock: Clock, ids: IdSource) -> None:
        self._sessions = sessions
        self._clock = clock
        self._ids = ids

    async def __call__(self, handle: RunHandle, session: Session, answer: AssistantMessage) -> Session:
        """The session with a result for every call of `answer`, in the order of the calls; all stored."""
        return await finish_despite_cancellation(self._refuse_all(handle, session, answer))

    async def _refuse_all(self, handle: RunHandle, session: Session, answer: AssistantMessage) -> Session:
        at = self._clock.now()
        results = [self._result_message(call) for call in answer.tool_calls]
        await self._sessions.append(session.session_id, results, at)
        for index, call in enumerate(answer.tool_calls):
            handle.emit(_refusal(call, index))
        return append(session, results, at)

    def _result_message(self, call: ToolCall) -> ToolMessage:
        return ToolMessage(
            message_id=self._ids.new_id(),
            timestamp=self._clock.now(),
            content=f"Error: there is no tool `{call.tool_name}` in this conversation. Answer without it.",
            tool_name=call.tool_name,
            tool_call_id=call.call_id,
        )


def _refusal(call: ToolCall, index: int) -> ToolResult:
    error = ToolNotFound(call.tool_name)
    return ToolResult(
        tool_name=call.tool_name,
        success=False,
        result=None,
        error_message=error.message,
        error_code=error.code,
        execution_time=0.0,
        call_index=index,
        tool_call_id=call.call_id,
    )
