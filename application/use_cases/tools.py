"""What tools there are, and what they did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from application.owned_task import finish_despite_cancellation
from application.runs.tool_executions import ToolExecution, ToolExecutions, ToolStatistics
from application.tool_directory import ToolDirectory
from domain.errors import ToolNotFound
from domain.tool import Tool, ToolInventory


class ListTools:
    def __init__(self, *, tools: ToolDirectory) -> None:
        self._tools = tools

    async def __call__(self) -> ToolInventory:
        """All that could be loaded, and why the rest could not. Raises nothing."""
        return await self._tools.inventory()


class GetTool:
    def __init__(self, *, tools: ToolDirectory) -> None:
        self._tools = tools

    async def __call__(self, name: str) -> Tool:
        """Raises ToolNotFound."""
        tool = (await self._tools.inventory()).tools.get(name)
        if tool is None:
            raise ToolNotFound(name)
        return tool


class ReloadTools:
    """Looks at all sources anew, also for one who does not wait: what was edited counts from the next call."""

    def __init__(self, *, tools: ToolDirectory) -> None:
        self._tools = tools

    async def __call__(self) -> ToolInventory:
        await finish_despite_cancellation(self._tools.reload())
        return await self._tools.inventory()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReport:
    """The latest calls, newest first, and sums by tool; of this server, since it started."""

    executions: Sequence[ToolExecution]
    statistics: Mapping[str, ToolStatistics]


class ReportExecutions:
    def __init__(self, *, executions: ToolExecutions) -> None:
        self._executions = executions

    async def __call__(self) -> ExecutionReport:
        return ExecutionReport(executions=self._executions.latest(), statistics=self._executions.statistics())
