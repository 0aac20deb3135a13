"""Pure changes of a session's history. Each takes a session and gives the next one, or raises and changes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from domain.errors import InvalidMessageIndex
from domain.message import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage, UserMessage
from domain.session import Session


def append(session: Session, messages: Iterable[Message], at: datetime) -> Session:
    """`session` with `messages` at its end, updated at `at`."""
    return replace(session, messages=(*session.messages, *messages), updated_at=at)


def put_message(session: Session, message: Message, at: datetime) -> Session:
    """`message` in the place of the one with its id, or at the end where there is none: done twice, it is done once."""
    for index in range(len(session.messages) - 1, -1, -1):
        if session.messages[index].message_id == message.message_id:
            messages = (*session.messages[:index], message, *session.messages[index + 1 :])
            return replace(session, messages=messages, updated_at=at)
    return append(session, (message,), at)


def edit_user_message(session: Session, index: int, content: str, at: datetime) -> Session:
    """The user message at `index` (0-based, of the whole list) says `content`; all after it is dropped.

    Raises InvalidMessageIndex where `index` is out of range, negative, or not a user message's.
    """
    message = session.messages[index] if 0 <= index < len(session.messages) else None
    if not isinstance(message, UserMessage):
        raise InvalidMessageIndex(
            "The index must be that of a user message of this session (0-based, the system message counts).",
            index=index,
            message_count=len(session.messages),
        )
    edited = replace(message, content=content, timestamp=at)
    return replace(session, messages=(*session.messages[:index], edited), updated_at=at)


def set_system_prompt(session: Session, prompt: SystemMessage, at: datetime) -> Session:
    """`prompt` as the first message, in the place of the old one where there is one."""
    return replace(session, messages=(prompt, *without_system_prompt(session.messages)), updated_at=at)


def remove_system_prompt(session: Session, at: datetime) -> Session:
    return replace(session, messages=without_system_prompt(session.messages), updated_at=at)


def without_system_prompt(messages: Sequence[Message]) -> tuple[Message, ...]:
    """`messages` without the system message that leads them."""
    return tuple(messages[1:] if system_prompt_of(messages) else messages)


def system_prompt_of(messages: Sequence[Message]) -> SystemMessage | None:
    first = messages[0] if messages else None
    return first if isinstance(first, SystemMessage) else None


def after_last_user_message_dropped(session: Session, at: datetime) -> Session:
    """The history up to and including its last user message, for another answer; unchanged where there is none."""
    for index in range(len(session.messages) - 1, -1, -1):
        if isinstance(session.messages[index], UserMessage):
            if index == len(session.messages) - 1:
                return session
            return replace(session, messages=session.messages[: index + 1], updated_at=at)
    return session


def has_something_to_answer(messages: Sequence[Message]) -> bool:
    """Whether anything but a system prompt is there."""
    return any(not isinstance(message, SystemMessage) for message in messages)


def forked_messages(session: Session, message_index: int | None) -> tuple[Message, ...]:
    """The history up to and including `message_index` (all of it where None).

    Raises InvalidMessageIndex where the index is out of range or would part a tool call from its result.
    """
    if message_index is None:
        return session.messages
    if not 0 <= message_index < len(session.messages):
        raise InvalidMessageIndex(
            "The index must be that of a message of this session (0-based).",
            index=message_index,
            message_count=len(session.messages),
        )
    messages = session.messages[: message_index + 1]
    if unanswered_calls(messages):
        raise InvalidMessageIndex(
            "A fork here would leave a tool call without its result. Choose a message after the results.",
            index=message_index,
        )
    return messages


def unanswered_calls(messages: Sequence[Message]) -> tuple[ToolCall, ...]:
    """The calls of the last assistant message that no result follows yet, in their order.

    Results answer calls by id where they carry one, else by their order.
    """
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if isinstance(message, ToolMessage):
            continue
        if not isinstance(message, AssistantMessage):
            return ()
        results = [result for result in messages[index + 1 :] if isinstance(result, ToolMessage)]
        return _calls_without(message.tool_calls, results)
    return ()


def _calls_without(calls: Sequence[ToolCall], results: Sequence[ToolMessage]) -> tuple[ToolCall, ...]:
    by_id = {result.tool_call_id for result in results if result.tool_call_id is not None}
    nameless = sum(result.tool_call_id is None for result in results)
    open_calls = [call for call in calls if call.call_id not in by_id]
    return tuple(open_calls[nameless:])
