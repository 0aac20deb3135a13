"""Where tools come from, and where they run."""

from typing import Protocol

from domain.json_value import JsonObject
from domain.tool import ToolInventory, ToolOutcome


class Toolbox(Protocol):
    """Tools of one kind. Whatever a tool does harms its own call and nothing else."""

    async def inventory(self) -> ToolInventory:
        """What there is now. Waits for the first load and raises nothing: what cannot be loaded is in its `errors`.

        Names are unique. Of two tools of one name, the one of the first source in alphabetical order is there; the
        other is an error.
        """
        ...

    async def reload(self) -> None:
        """Look at all sources anew, edited ones included; the inventory and all later calls are of what is found.

        Calls that are under way end with the tool that they began with. A source that is wrong now is among the
        inventory's errors, and may go on as it was before. Raises nothing.
        """
        ...

    async def check_arguments(self, tool_name: str, arguments: JsonObject) -> None:
        """Raises ToolNotFound, ValidationFailed with words that name what is wrong, and ToolFailed where nobody can
        tell. Nothing of the tool's own code is called."""
        ...

    async def call(self, tool_name: str, arguments: JsonObject) -> ToolOutcome:
        """Run a tool, its arguments checked first. Any number of calls may be under way.

        It ends within the toolbox's timeout, whatever the tool does. Raises nothing: an unknown tool is an outcome of
        TOOL_NOT_FOUND, wrong arguments one of VALIDATION_ERROR, silence one of TOOL_TIMEOUT, all else that goes wrong
        one of TOOL_EXECUTION_FAILED. A text is at most `domain.tool.RESULT_CHARACTERS` long, with a note where it was
        cut; a lone surrogate is U+FFFD in it. A caller that is cancelled leaves nothing running.
        """
        ...
