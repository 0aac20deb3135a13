"""A session ⇄ the JSON document of its file (contract, section 10)."""

from dataclasses import replace
from datetime import UTC, datetime

from adapters.codec.errors import NotDecodable
from adapters.codec.fields import RawObject, read_optional_text, read_text, read_time, rest_of, write_time
from adapters.codec.messages import CallOrder, decode_messages, encode_messages
from adapters.codec.migrations import FORMAT_VERSION, migrate
from adapters.codec.settings import (
    decode_agent_settings,
    decode_context_window,
    decode_summary,
    decode_tool_settings,
    encode_agent_settings,
    encode_context_window,
    encode_summary,
    encode_tool_settings,
)
from domain.json_value import JsonValue
from domain.session import Session, Summary

_METADATA = frozenset(
    {
        "session_id",
        "model",
        "created_at",
        "updated_at",
        "message_count",
        "summary",
        "summary_model",
        "summary_model_used",
        "format_version",
        "tool_settings",
        "agent_settings",
        "context_window_config",
        "agent_name",
    }
)
_DOCUMENT = frozenset({"metadata", "messages"})
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def session_document(session: Session) -> RawObject:
    """The whole document, as it is exported."""
    return {**encode_head(session), "messages": list(encode_messages(session.messages, CallOrder()))}


def encode_head(session: Session) -> RawObject:
    """The document without its messages."""
    return {"metadata": encode_metadata(session), **session.beside}


def session_of_document(document: JsonValue) -> Session:
    """The session in a document of any known format version. Raises NotDecodable."""
    if not isinstance(document, dict):
        raise NotDecodable("it is not an object")
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        raise NotDecodable("it has no metadata")
    session = _session_of(migrate(metadata), document.get("messages"))
    beside = rest_of(document, _DOCUMENT)
    return replace(session, beside=beside) if beside else session


def encode_metadata(session: Session) -> RawObject:
    return {
        "session_id": session.session_id,
        "model": session.model,
        "created_at": write_time(session.created_at),
        "updated_at": write_time(session.updated_at),
        "message_count": session.message_count,
        "summary": encode_summary(session.summary),
        "summary_model": session.summary_model,
        "format_version": FORMAT_VERSION,
        "tool_settings": encode_tool_settings(session.tool_settings),
        "agent_settings": encode_agent_settings(session.agent_settings),
        "context_window_config": encode_context_window(session.context_window),
        **_summary_model_used(session),
        **_agent_name(session),
        **session.extra,
    }


def _summary_model_used(session: Session) -> RawObject:
    """Beside the summary, not in it: older readers ignore unknown metadata, and know what a summary holds."""
    model = session.summary.model if session.summary else None
    return {} if model is None else {"summary_model_used": model}


def _agent_name(session: Session) -> RawObject:
    """Only in an agent's own sessions, so that all others look as they always did."""
    return {} if session.agent_name is None else {"agent_name": session.agent_name}


def _summary_of(metadata: RawObject) -> Summary | None:
    summary = decode_summary(metadata.get("summary"))
    model = read_optional_text(metadata.get("summary_model_used"), "summary_model_used")
    return replace(summary, model=model) if summary else None


def _session_of(metadata: RawObject, raw_messages: JsonValue) -> Session:
    session_id = read_text(metadata.get("session_id"), "session_id")
    if not session_id:
        raise NotDecodable("it has no session_id")
    created, updated = metadata.get("created_at"), metadata.get("updated_at")
    earliest = read_time(created, "created_at") if created is not None else None
    messages = decode_messages(raw_messages, session_id=session_id, written_at=earliest or _LONG_AGO)
    times = [message.timestamp for message in messages] if earliest is None or updated is None else []
    created_at = earliest or min(times, default=_LONG_AGO)
    return Session(
        session_id=session_id,
        model=read_text(metadata.get("model"), "model"),
        created_at=created_at,
        updated_at=read_time(updated, "updated_at") if updated is not None else max(times, default=created_at),
        messages=messages,
        summary=_summary_of(metadata),
        summary_model=read_optional_text(metadata.get("summary_model"), "summary_model"),
        tool_settings=decode_tool_settings(metadata.get("tool_settings")),
        agent_settings=decode_agent_settings(metadata.get("agent_settings")),
        context_window=decode_context_window(metadata.get("context_window_config")),
        agent_name=read_optional_text(metadata.get("agent_name"), "agent_name"),
        extra=rest_of(metadata, _METADATA),
    )
