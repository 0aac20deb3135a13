"""What a model reads of a call that did not go as it asked: words that it can act on."""

import json

from domain.json_value import JsonObject
from domain.tool import ToolOutcome

RUN_ENDED_BEFORE = "The tool was not called: the run was over first."
RUN_ENDED_MEANWHILE = "The call was cut off while the tool ran; whether it took effect is not known."
NEVER_RAN = ToolOutcome(text=RUN_ENDED_BEFORE, error_code="TOOL_EXECUTION_FAILED")
_ERROR = "Error: "


def says_error(result_text: str) -> bool:
    """Whether the text of a tool's message tells of a failure."""
    return result_text.startswith(_ERROR)


def stopped_agent(session_id: str) -> str:
    """For a delegation that was cut: how the work can be gone on with."""
    return (
        f"Session ID: {session_id}\n\nThe agent was stopped before it was done. Its session keeps what it did; "
        "delegate again with this session_id to let it go on."
    )


def unknown_tool(tool_name: str) -> ToolOutcome:
    """For a tool that the conversation does not have, whether or not the server does."""
    return ToolOutcome(
        text=f"There is no tool `{tool_name}` in this conversation. Answer without it.", error_code="TOOL_NOT_FOUND"
    )


def denied(reason: str | None) -> ToolOutcome:
    words = "The user did not allow this call. Do not repeat it as it is."
    return ToolOutcome(text=f"{words} Reason: {reason}" if reason else words, error_code="TOOL_EXECUTION_DENIED")


def result_text(outcome: ToolOutcome, changed_arguments: JsonObject | None) -> str:
    """The text of a tool's message. `changed_arguments` are those that a person put in the place of the model's."""
    text = outcome.text if outcome.success else f"{_ERROR}{outcome.text}"
    if changed_arguments is None:
        return text
    arguments = json.dumps(changed_arguments, ensure_ascii=False, default=dict)
    return f"[The user changed the arguments of this call to {arguments}.]\n{text}"
