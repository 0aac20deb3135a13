"""Calling a tool, and remembering that it was called."""

from datetime import datetime

from application.all_telemetry import told
from application.ports.clock import Clock
from application.ports.telemetry import Telemetry, ToolReport
from application.ports.toolbox import Toolbox
from application.runs.call_result import CallResult
from application.runs.run_handle import RunHandle
from application.runs.tool_executions import ToolExecution, ToolExecutions
from domain.errors import ToolFailed, ToolNotFound, ValidationFailed
from domain.json_value import JsonObject
from domain.message import ToolCall
from domain.tool import ToolOutcome
from domain.tool_texts import RUN_ENDED_MEANWHILE

_CUT_OFF = ToolOutcome(text=RUN_ENDED_MEANWHILE, error_code="TOOL_EXECUTION_FAILED")
_DID_NOT_RUN = ("VALIDATION_ERROR", "TOOL_NOT_FOUND")


class ToolCaller:
    def __init__(self, *, tools: Toolbox, executions: ToolExecutions, telemetry: Telemetry, clock: Clock) -> None:
        self._tools = tools
        self._executions = executions
        self._telemetry = telemetry
        self._clock = clock

    async def refusal(self, call: ToolCall, tool_name: str | None = None) -> ToolOutcome | None:
        """What the call would fail with before its tool is asked, so that no person is asked about it either.

        `tool_name` is the one that the toolbox knows it under, where that is not the model's.
        """
        try:
            await self._tools.check_arguments(tool_name or call.tool_name, call.arguments)
        except ToolNotFound as error:
            return ToolOutcome(text=error.message, error_code="TOOL_NOT_FOUND")
        except ValidationFailed as error:
            return ToolOutcome(text=error.message, error_code="VALIDATION_ERROR")
        except ToolFailed as error:
            return ToolOutcome(text=error.message, error_code="TOOL_EXECUTION_FAILED")
        return None

    async def __call__(
        self,
        handle: RunHandle,
        index: int,
        call: ToolCall,
        changed_arguments: JsonObject | None = None,
        tool_name: str | None = None,
    ) -> CallResult:
        """Run it, with other arguments than the model's where a person changed them. Raises nothing."""
        tool_name = tool_name or call.tool_name
        started_at, begun = self._clock.now(), self._clock.monotonic()
        arguments = call.arguments if changed_arguments is None else changed_arguments
        outcome = _CUT_OFF
        try:
            with told(self._telemetry, ToolReport(tool_name=tool_name, tool_call_id=call.call_id)) as report:
                outcome = await self._tools.call(tool_name, arguments)
                report.error_code = outcome.error_code
        finally:
            took = self._clock.monotonic() - begun
            if outcome.error_code not in _DID_NOT_RUN:
                self._executions.note(_execution(handle, tool_name, outcome, took, started_at))
        return CallResult(
            index=index, call=call, outcome=outcome, execution_time=took, changed_arguments=changed_arguments
        )


def _execution(
    handle: RunHandle, tool_name: str, outcome: ToolOutcome, took: float, started_at: datetime
) -> ToolExecution:
    return ToolExecution(
        tool_name=tool_name,
        session_id=handle.run.session_id,
        run_id=handle.run.run_id,
        success=outcome.success,
        error_message=None if outcome.success else outcome.text,
        execution_time=took,
        started_at=started_at,
    )
