"""What came of one call, for the model, for readers and for those who waited."""

from dataclasses import dataclass
from datetime import datetime

from domain.agent import Delegation
from domain.json_value import JsonObject
from domain.message import ToolCall, ToolMessage
from domain.tool import ToolOutcome
from domain.tool_texts import result_text


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """`index` is the call's place in its answer; `execution_time` is in seconds, 0 where nothing ran.

    `delegation` is what an agent did, where one had begun.
    """

    index: int
    call: ToolCall
    outcome: ToolOutcome
    execution_time: float = 0.0
    changed_arguments: JsonObject | None = None
    delegation: Delegation | None = None

    @property
    def text_of_success(self) -> str | None:
        return self.outcome.text if self.outcome.success else None

    @property
    def text_of_failure(self) -> str | None:
        return None if self.outcome.success else self.outcome.text

    def message(self, message_id: str, at: datetime) -> ToolMessage:
        return ToolMessage(
            message_id=message_id,
            timestamp=at,
            content=result_text(self.outcome, self.changed_arguments),
            tool_name=self.call.tool_name,
            tool_call_id=self.call.call_id,
        )

    def executed(self, tool_name: str) -> JsonObject:
        """As the contract's `tool_calls_executed` names it."""
        arguments = self.call.arguments if self.changed_arguments is None else self.changed_arguments
        return {
            "tool_name": tool_name,
            "arguments": arguments,
            "success": self.outcome.success,
            "result": self.outcome.text,
        }
