"""Whose calls are answered: those of a session's own model, or those of an agent who works for it."""

from typing import Protocol

from application.ports.session_store import SessionStore
from application.runs.call_result import CallResult
from application.runs.run_handle import RunHandle
from domain.json_value import JsonObject
from domain.message import ToolCall
from domain.run_event import RunEvent
from domain.session import ToolSettings
from domain.tool import ToolOutcome


class CallScope(Protocol):
    """How the calls of one asker are looked at, made, and told of."""

    @property
    def sessions(self) -> SessionStore:
        """Where the history is kept that the calls stand in."""
        ...

    @property
    def agent_name(self) -> str | None:
        """None for the session's own model."""
        ...

    def offers(self, tool_name: str) -> bool:
        """Whether the model was offered it: no other ever runs."""
        ...

    def delegates(self, tool_name: str) -> bool:
        """Whether an agent does the work: such calls are made one after the other."""
        ...

    def asks_about(self, settings: ToolSettings, tool_name: str) -> bool:
        """Whether a person is asked first."""
        ...

    def name_of(self, tool_name: str) -> str:
        """The name under which people know it."""
        ...

    async def refusal(self, call: ToolCall) -> ToolOutcome | None:
        """What the call would fail with before anything is asked or done. Raises StorageFailed."""
        ...

    async def make(
        self, handle: RunHandle, index: int, call: ToolCall, changed_arguments: JsonObject | None
    ) -> CallResult:
        """Make the call, at `index` of its answer, with other arguments than the model's where a person changed them.

        Raises what a run raises where an agent does the work; else nothing.
        """
        ...

    def begun(self, index: int, call: ToolCall) -> RunEvent | None:
        """What is told of a call that nobody is asked about, as it begins."""
        ...

    def ended(self, result: CallResult) -> RunEvent:
        """What is told of its result."""
        ...
