"""How the processes that run tools fail us.

ToolFailed                  of the domain
├── WorkerLost              the process of a call is dead
│   └── ForkServerLost      so is the process that starts workers, and with it all of them
├── NoAnswer                it said something else
└── InterpreterUnusable     no process can be started at all
"""

from domain.errors import ToolFailed


class WorkerLost(ToolFailed):
    """The message says how it ended."""


class ForkServerLost(WorkerLost):
    def __init__(self) -> None:
        super().__init__("The process that starts the workers of tools was killed, and the call ended with it.")


class NoAnswer(ToolFailed):
    def __init__(self) -> None:
        super().__init__("What came from the tool's process was no answer to this call; the process was killed.")


class InterpreterUnusable(ToolFailed):
    def __init__(self, reason: str) -> None:
        super().__init__(f"The Python that runs tools (MOCHI_TOOL_PYTHON) cannot be used: {reason}.")
