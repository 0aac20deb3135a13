"""A session as Markdown, for people to read. It is no way back in: the JSON file is."""

import json
import re
from collections.abc import Iterator
from datetime import datetime

from domain.message import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage, UserMessage
from domain.session import Session

_BACKTICKS = re.compile("`+")


def markdown_of(session: Session) -> str:
    """A heading, what is known of the session, its summary, then each message under a heading of its own."""
    return "\n\n".join((*_introduction(session), *map(_section, session.messages))) + "\n"


def _introduction(session: Session) -> Iterator[str]:
    yield f"# Conversation {session.session_id}"
    yield (
        f"- Model: {session.model}\n"
        f"- Created: {_time(session.created_at)}\n"
        f"- Updated: {_time(session.updated_at)}\n"
        f"- Messages: {session.message_count}"
    )
    if session.summary:
        yield f"## Summary\n\n{session.summary.summary}"
        if session.summary.topics:
            yield f"Topics: {', '.join(session.summary.topics)}"


def _section(message: Message) -> str:
    heading = f"## {_speaker(message)} ({_time(message.timestamp)})"
    return "\n\n".join((heading, *filter(None, _body(message))))


def _speaker(message: Message) -> str:
    match message:
        case SystemMessage(source_file=None):
            return "System prompt"
        case SystemMessage():
            return f"System prompt from {message.source_file}"
        case UserMessage():
            return "User"
        case AssistantMessage():
            return f"Assistant, {message.model}" if message.model else "Assistant"
        case ToolMessage():
            return f"Result of {message.tool_name}"


def _body(message: Message) -> Iterator[str]:
    match message:
        case SystemMessage():
            yield message.content
        case UserMessage():
            yield message.content
            if message.images:
                yield f"*Pictures: {len(message.images)}*"
        case AssistantMessage():
            if message.thinking:
                yield f"**Thinking**\n\n{_quoted(message.thinking)}"
            yield message.content
            yield from map(_call, message.tool_calls)
            if message.done_reason != "stop":
                yield f"*Ended early: {message.done_reason}*"
        case ToolMessage():
            yield _fenced(message.content)


def _call(call: ToolCall) -> str:
    arguments = json.dumps(dict(call.arguments), ensure_ascii=False, indent=2)
    return f"**Calls {call.tool_name}**\n\n{_fenced(arguments, 'json')}"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


def _fenced(text: str, language: str = "") -> str:
    """A code block whose fence is longer than any run of backticks in `text`, which so cannot end it."""
    fence = "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
