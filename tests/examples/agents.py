"""Where the example agents lie, and their calls."""

from pathlib import Path
from typing import Final

from adapters.python_tools.toolbox import PythonToolbox

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
AGENTS: Final = EXAMPLES / "agents"


async def answer(toolbox: PythonToolbox, tool: str, **arguments: str | int) -> str:
    """Of a call that succeeds."""
    outcome = await toolbox.call(tool, arguments)
    assert outcome.success, outcome
    return outcome.text


async def complaint(toolbox: PythonToolbox, tool: str, **arguments: str | int) -> str:
    """Of a call that does not."""
    outcome = await toolbox.call(tool, arguments)
    assert not outcome.success, outcome
    return outcome.text


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
