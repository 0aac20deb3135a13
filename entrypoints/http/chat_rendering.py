"""The answer that comes when all is done, as the contract's section 5 shows it."""

from application.use_cases.answer import Answer
from domain.run import EndStatus
from entrypoints.http import rendering
from entrypoints.http.rendering import Rendered


def chat_answer(answer: Answer) -> Rendered:
    window = answer.context_window
    return {
        "session_id": answer.session_id,
        "run_id": answer.run_id,
        "message": _no_message(answer.status) if answer.message is None else rendering.message(answer.message),
        "warnings": answer.warnings,
        "tool_calls_executed": [
            {
                "tool_name": call.tool_name,
                "arguments": call.arguments,
                "success": call.success,
                "result": call.result,
            }
            for call in answer.calls
        ],
        "context_window": {
            "current_window": window.current_window,
            "usage_tokens": window.usage_tokens,
            "reason": window.reason,
            "messages_left_out": window.messages_left_out,
        },
    }


def _no_message(status: EndStatus) -> Rendered:
    """A run that was cut before it had any text stored no message, and an edit may have dropped that of one which
    completed: this one says so."""
    return {
        "role": "assistant",
        "content": "",
        "thinking": None,
        "model": None,
        "message_id": None,
        "timestamp": None,
        "eval_count": None,
        "prompt_eval_count": None,
        "tool_calls": [],
        "done_reason": "stop" if status == "completed" else status,
    }
