"""A history in which every tool call has its result, also after a run was cut between the two."""

from dataclasses import replace

from application.ports.clock import Clock
from application.ports.id_source import IdSource
from domain.agent import AGENT_TOOL, Delegation
from domain.conversation import with_calls_closed
from domain.message import ToolCall, ToolMessage
from domain.session import Session
from domain.tool_texts import stopped_agent

CALL_WITHOUT_RESULT = "No result: the run ended before the tool had one. Whether the call took effect is not known."


class CallCloser:
    """Puts a result that says so behind each call that has none."""

    def __init__(self, *, clock: Clock, ids: IdSource) -> None:
        self._clock = clock
        self._ids = ids

    def __call__(self, session: Session, delegation: Delegation | None = None) -> Session:
        """The very same session where nothing is open. Of a `delegation` that was cut the result says how to go on."""

        def missing_result(call: ToolCall) -> ToolMessage:
            if delegation and (call.tool_name, call.call_id) == (AGENT_TOOL, delegation.tool_call_id):
                return self._result(call, stopped_agent(delegation.session_id))
            return self._result(call, CALL_WITHOUT_RESULT)

        messages = with_calls_closed(session.messages, missing_result)
        return session if len(messages) == len(session.messages) else replace(session, messages=messages)

    def _result(self, call: ToolCall, text: str) -> ToolMessage:
        return ToolMessage(
            message_id=self._ids.new_id(),
            timestamp=self._clock.now(),
            content=text,
            tool_name=call.tool_name,
            tool_call_id=call.call_id,
        )
