"""All tools of this server, wherever they come from."""

from collections.abc import Sequence

from application.ports.toolbox import Toolbox
from domain.errors import ToolNotFound
from domain.json_value import JsonObject
from domain.session import ToolSettings
from domain.tool import Tool, ToolInventory, ToolOutcome, ToolSourceError


class ToolDirectory(Toolbox):
    """Several toolboxes as one. Of two tools of one name, that of the earlier toolbox counts, the other is an error."""

    def __init__(self, *, toolboxes: Sequence[Toolbox]) -> None:
        self._toolboxes = toolboxes

    async def inventory(self) -> ToolInventory:
        tools: dict[str, Tool] = {}
        errors: list[ToolSourceError] = []
        for toolbox in self._toolboxes:
            inventory = await toolbox.inventory()
            errors += inventory.errors
            for name, tool in inventory.tools.items():
                if tools.setdefault(name, tool) is not tool:
                    errors.append(_taken(tool, tools[name]))
        return ToolInventory(tools=tools, errors=tuple(errors))

    async def reload(self) -> None:
        for toolbox in self._toolboxes:
            await toolbox.reload()

    async def check_arguments(self, tool_name: str, arguments: JsonObject) -> None:
        await (await self._toolbox_of(tool_name)).check_arguments(tool_name, arguments)

    async def call(self, tool_name: str, arguments: JsonObject) -> ToolOutcome:
        try:
            toolbox = await self._toolbox_of(tool_name)
        except ToolNotFound as error:
            return ToolOutcome(text=error.message, error_code="TOOL_NOT_FOUND")
        return await toolbox.call(tool_name, arguments)

    async def enabled(self, settings: ToolSettings) -> dict[str, Tool]:
        """The session's tools that are there, in its order. Waits for no toolbox that none of them can come from."""
        found: dict[str, Tool] = {}
        for toolbox in self._toolboxes:
            if missing := [name for name in settings.tools if name not in found]:
                tools = (await toolbox.inventory()).tools
                found |= {name: tools[name] for name in missing if name in tools}
        return {name: found[name] for name in settings.tools if name in found}

    async def _toolbox_of(self, tool_name: str) -> Toolbox:
        for toolbox in self._toolboxes:
            if tool_name in (await toolbox.inventory()).tools:
                return toolbox
        raise ToolNotFound(tool_name)


def _taken(tool: Tool, first: Tool) -> ToolSourceError:
    return ToolSourceError(
        source=tool.source, error=f"`{tool.name}` is also a tool of {first.source}, which counts. Rename one of them."
    )
