"""A tool call that a person is asked about, from the question to what became of it (contract, section 6)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias

from domain.errors import ConfirmationDecided
from domain.json_value import JsonObject
from domain.message import ToolCall

ConfirmationState: TypeAlias = Literal["pending", "approved", "denied", "started", "done"]
"""pending → denied, or pending → approved → started → done. A call that has started is never run again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's answer. `arguments` take the place of the call's own; `reason` is for the model, on a denial."""

    approved: bool
    arguments: JsonObject | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A question about one call of one session. `call_index` counts within one assistant message.

    `agent_name` is that of the agent whose call it is, None for the session's own model.
    """

    confirmation_id: str
    tool_name: str
    arguments: JsonObject
    call_index: int
    tool_call_id: str
    created_at: datetime
    agent_name: str | None = None
    state: ConfirmationState = "pending"
    decision: Decision | None = None

    @property
    def is_pending(self) -> bool:
        return self.state == "pending"

    @property
    def awaits_its_call(self) -> bool:
        """Whether a person may still answer, or has approved and the tool has not begun."""
        return self.state in ("pending", "approved")

    def decided(self, decision: Decision) -> "Confirmation":
        """The question, answered. Raises ConfirmationDecided where it was before: an answer counts once."""
        if not self.is_pending:
            raise ConfirmationDecided(self.confirmation_id)
        return replace(self, state="approved" if decision.approved else "denied", decision=decision)

    def is_about(self, call: ToolCall) -> bool:
        """Ids alone do not tell: models give the same one to several calls."""
        return (self.tool_call_id, self.tool_name, self.arguments) == (call.call_id, call.tool_name, call.arguments)

    @property
    def reason(self) -> str | None:
        """Why it was denied, where the person said so."""
        return self.decision.reason if self.decision else None

    @property
    def final_arguments(self) -> JsonObject:
        """Those that the tool is called with."""
        changed = self.decision.arguments if self.decision else None
        return self.arguments if changed is None else changed

    @property
    def has_changed_arguments(self) -> bool:
        return self.final_arguments != self.arguments
