"""Words of a conversation: errors, calls and results, in plain text that is still to be made harmless."""

from domain.errors import MochiError
from domain.json_value import JsonObject
from domain.run_event import AgentComplete, AgentStart, AgentToolResult, RunError, ToolResult
from entrypoints.chat.sanitising import first_lines, json_text, one_line

LONGEST_LINE = 300
"""Of an error or a call that is told in passing."""

_LONGEST_NAME = 100
_RESULT_LINES = 8
_RESULT_CHARACTERS = 1_000
_QUESTION_LINES = 40
_QUESTION_CHARACTERS = 4_000

# The server's own words for these speak of routes and fields that nobody types here.
_OURS = {
    "SESSION_NOT_FOUND": "There is no session with this id. /sessions lists those that there are.",
    "SESSION_BUSY": "Another answer is being written in this session, perhaps by another server. Try again in a "
    "moment, or begin another session with /new.",
    "AGENT_NOT_FOUND": "There is no agent of this name. /agents lists those that there are.",
    "MODEL_NOT_FOUND": "This model is not installed. Run `ollama pull`, or choose another with /model NAME.",
    "SESSION_CORRUPT": "The stored session cannot be read; it was left as it is.",
}


def told(error: MochiError | RunError) -> str:
    """An error on one line."""
    words = _OURS.get(error.code, error.message)
    return one_line(f"{words} ({error.code})", LONGEST_LINE)


def short_call(tool_name: str, arguments: JsonObject) -> str:
    return one_line(f"{tool_name} {json_text(arguments, indent=None)}", LONGEST_LINE)


def whole_call(arguments: JsonObject) -> str:
    """What is agreed to, on several lines; what is left out can be seen where the arguments are edited."""
    return first_lines(
        json_text(arguments),
        lines=_QUESTION_LINES,
        characters=_QUESTION_CHARACTERS,
        note="... {left_out} MORE CHARACTERS: `e` shows them",
    )


def asking(tool_name: str, agent_name: str | None) -> str:
    """The head of a question about a call."""
    who = "The model" if agent_name is None else f"The agent {one_line(agent_name, _LONGEST_NAME)}"
    return f"{who} wants to call {one_line(tool_name, _LONGEST_NAME)} with"


def result_heading(result: ToolResult | AgentToolResult) -> str:
    outcome = "answered" if result.success else "failed"
    took = f" ({result.execution_time:.1f} s)" if isinstance(result, ToolResult) else ""
    return one_line(f"{result.tool_name} {outcome}{took}", LONGEST_LINE)


def agent_begins(event: AgentStart) -> str:
    return one_line(f"The agent {event.agent_name} begins: {event.instruction}", LONGEST_LINE)


def agent_ends(event: AgentComplete) -> str:
    return one_line(f"The agent {event.agent_name} has ended.", LONGEST_LINE)


def result_text(result: ToolResult | AgentToolResult) -> str:
    text = (result.result if result.success else result.error_message) or ""
    return first_lines(
        text.strip("\n"), lines=_RESULT_LINES, characters=_RESULT_CHARACTERS, note="... {left_out} more characters"
    )
