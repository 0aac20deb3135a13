"""The domain's values as the answers show them. Plain dictionaries: a history may hold ten thousand messages."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from application.use_cases.preview_prompt import PromptPreview
from application.use_cases.session_status import SessionStatus
from application.use_cases.session_view import SessionView, WindowView
from domain.confirmation import Confirmation
from domain.message import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage, UserMessage
from domain.run import Run
from domain.run_event import Snapshot
from domain.session import AgentSettings, Session, SessionOverview, Summary, ToolSettings

Rendered: TypeAlias = dict[str, object]


def timestamp(at: datetime) -> str:
    """ISO 8601 in UTC with microseconds and `Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def session(view: SessionView) -> Rendered:
    return {
        **_session_fields(view.session),
        "context_window": window(view.context_window),
        "messages": messages(view.session.messages),
        "warnings": view.warnings,
    }


def session_overview(overview: SessionOverview) -> Rendered:
    return {**_session_fields(overview), "preview": overview.preview}


def agent_chat(view: SessionView) -> Rendered:
    return {**session(view), "agent_name": view.session.agent_name}


def agent_chat_overview(overview: SessionOverview) -> Rendered:
    return {**session_overview(overview), "agent_name": overview.agent_name}


def _session_fields(session: Session | SessionOverview) -> Rendered:
    return {
        "session_id": session.session_id,
        "model": session.model,
        "created_at": timestamp(session.created_at),
        "updated_at": timestamp(session.updated_at),
        "message_count": session.message_count,
        "tool_settings": _tool_settings(session.tool_settings),
        "agent_settings": _agent_settings(session.agent_settings),
        "summary": _summary(session.summary),
        "summary_model": session.summary_model,
    }


def _tool_settings(settings: ToolSettings) -> Rendered:
    return {
        "tools": settings.tools,
        "execution_policy": settings.execution_policy,
        "tool_policies": settings.tool_policies,
    }


def _agent_settings(settings: AgentSettings) -> Rendered:
    return {"enabled_agents": settings.enabled_agents}


def _summary(summary: Summary | None) -> Rendered | None:
    return {"summary": summary.summary, "topics": summary.topics} if summary else None


def window(view: WindowView) -> Rendered:
    return {
        "dynamic_enabled": view.dynamic_enabled,
        "current_window": view.current_window,
        "model_max_context": view.model_max_context,
        "last_adjustment_reason": view.last_adjustment_reason,
        "manual_override": view.manual_override,
        "usage_tokens": view.usage_tokens,
        "messages_left_out": view.messages_left_out,
        "reloads": view.reloads,
        "estimate_error": view.estimate_error,
    }


def status(status: SessionStatus) -> Rendered:
    session = status.view.session
    return {
        "session_id": session.session_id,
        "model": session.model,
        "message_count": session.message_count,
        "context_window": window(status.view.context_window),
        "tools_enabled": bool(status.active_tools),
        "active_tools": status.active_tools,
        "execution_policy": session.tool_settings.execution_policy,
        "agents_enabled": bool(status.active_agents),
        "enabled_agents": status.active_agents,
        "system_prompt_file": status.system_prompt_file,
        "summary": _summary(session.summary),
        "summary_model": session.summary_model,
        "run": run(status.run) if status.run else None,
    }


def prompt(preview: PromptPreview) -> Rendered:
    return {
        "model": preview.model,
        "messages": preview.messages,
        "tools": preview.tools,
        "num_ctx": preview.num_ctx,
        "estimated_tokens": preview.estimated_tokens,
        "messages_left_out": preview.messages_left_out,
        "fits": preview.fits,
    }


def run(run: Run) -> Rendered:
    return {
        "run_id": run.run_id,
        "session_id": run.session_id,
        "status": run.status,
        "created_at": timestamp(run.created_at),
        "started_at": timestamp(run.started_at) if run.started_at else None,
        "ended_at": timestamp(run.ended_at) if run.ended_at else None,
        "eval_count": run.eval_count,
        "prompt_eval_count": run.prompt_eval_count,
        "error": {"code": run.error.code, "message": run.error.message} if run.error else None,
        "confirmations": [confirmation(each) for each in run.open_questions],
    }


def confirmation(question: Confirmation) -> Rendered:
    return {
        "confirmation_id": question.confirmation_id,
        "tool_name": question.tool_name,
        "arguments": question.arguments,
        "call_index": question.call_index,
        "tool_call_id": question.tool_call_id,
        "agent_name": question.agent_name,
        "created_at": timestamp(question.created_at),
    }


def snapshot(event: Snapshot) -> Rendered:
    return {
        "run_id": event.run_id,
        "status": event.status,
        "message_id": event.message_id,
        "content": event.content,
        "thinking": event.thinking,
        "confirmations": [confirmation(each) for each in event.confirmations],
    }


def messages(history: Sequence[Message]) -> list[Rendered]:
    return [message(each) for each in history]


def message(message: Message) -> Rendered:
    rendered: Rendered = {
        "role": message.role,
        "content": message.content,
        "message_id": message.message_id,
        "timestamp": timestamp(message.timestamp),
    }
    match message:
        case AssistantMessage():
            rendered |= _assistant_fields(message)
        case UserMessage():
            rendered["images"] = message.images
        case ToolMessage():
            rendered["tool_name"] = message.tool_name
            rendered["tool_call_id"] = message.tool_call_id
        case SystemMessage():
            rendered["source_file"] = message.source_file
    return rendered


def _assistant_fields(message: AssistantMessage) -> Rendered:
    return {
        "model": message.model,
        "eval_count": message.eval_count,
        "prompt_eval_count": message.prompt_eval_count,
        "thinking": message.thinking,
        "tool_calls": [tool_call(call) for call in message.tool_calls],
        "done_reason": message.done_reason,
    }


def tool_call(call: ToolCall) -> Rendered:
    return {"id": call.call_id, "function": {"name": call.tool_name, "arguments": call.arguments}}


def characters_of(history: Sequence[Message]) -> int:
    """About how many characters an answer with `history` has."""
    return sum(_MESSAGE_FRAME + len(each.content) + _extra_characters(each) for each in history)


_MESSAGE_FRAME = 200
"""Names, ids and times of a message."""


def _extra_characters(message: Message) -> int:
    match message:
        case UserMessage():
            return sum(map(len, message.images))
        case AssistantMessage():
            return len(message.thinking or "")
        case _:
            return 0
