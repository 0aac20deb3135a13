"""Pure changes of a session's history. Each takes a session and gives the next one, or raises and changes nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

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


def put_longer_message(session: Session, message: AssistantMessage, at: datetime) -> Session:
    """`message` put, unless the history holds its id with as much text: what is complete is not undone by a part.

    One that is new never parts calls from the results that are still to come: it is put before them.
    """
    held = next((held for held in reversed(session.messages) if held.message_id == message.message_id), None)
    if isinstance(held, AssistantMessage) and _text_size(held) >= _text_size(message):
        return session
    if held is None and (found := last_calls(session.messages)) and unanswered_calls(session.messages):
        index = len(session.messages) - 1 - found[1]
        messages = (*session.messages[:index], message, *session.messages[index:])
        return replace(session, messages=messages, updated_at=at)
    return put_message(session, message, at)


def _text_size(message: AssistantMessage) -> int:
    return len(message.content) + len(message.thinking or "")


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
    """`session` without its system prompt; unchanged where it has none."""
    if system_prompt_of(session.messages) is None:
        return session
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


def without_pictures(session: Session) -> Session:
    """`session` as a model without eyes is shown it; the very same where it holds no picture."""
    if not has_pictures(session.messages):
        return session
    blind = tuple(replace(each, images=()) if isinstance(each, UserMessage) else each for each in session.messages)
    return replace(session, messages=blind)


def has_pictures(messages: Sequence[Message]) -> bool:
    return any(isinstance(message, UserMessage) and message.images for message in messages)


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


def as_before(current: Session, before: Session) -> Session:
    """`current` with the history and the window of `before`; what a person set meanwhile stays."""
    window = before.context_window if _is_of_one_choice(current, before) else current.context_window
    return replace(current, messages=before.messages, context_window=window, updated_at=before.updated_at)


def _is_of_one_choice(one: Session, other: Session) -> bool:
    """Whether no person fixed or freed the window in between: sizes that nobody fixed are the runs' own."""
    first, second = one.context_window, other.context_window
    if not first.manual_override and not second.manual_override:
        return True
    return (first.manual_override, first.current_window) == (second.manual_override, second.current_window)


def rounds_of_calls(messages: Sequence[Message]) -> int:
    """How many answers since the last user message called tools."""
    rounds = 0
    for message in reversed(messages):
        if isinstance(message, UserMessage):
            break
        rounds += isinstance(message, AssistantMessage) and bool(message.tool_calls)
    return rounds


def last_calls(messages: Sequence[Message]) -> tuple[AssistantMessage, int] | None:
    """The answer whose calls end the history, and how many of their results are there; None where none does."""
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if isinstance(message, ToolMessage):
            continue
        if isinstance(message, AssistantMessage) and message.tool_calls:
            return message, len(messages) - 1 - index
        return None
    return None


def is_unanswered(messages: Sequence[Message], call_index: int, tool_call_id: str) -> bool:
    """Whether this call is one of those that end the history, and has no result yet."""
    found = last_calls(messages)
    if found is None or not found[1] <= call_index < len(found[0].tool_calls):
        return False
    return found[0].tool_calls[call_index].call_id == tool_call_id


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


def with_calls_closed(messages: Sequence[Message], result_of: Callable[[ToolCall], ToolMessage]) -> tuple[Message, ...]:
    """`messages` with a `result_of` each call that none follows, behind the results that do."""
    closed: list[Message] = []
    open_calls: tuple[ToolCall, ...] = ()
    for index, message in enumerate(messages):
        if not isinstance(message, ToolMessage):
            closed += map(result_of, open_calls)
            open_calls = ()
        closed.append(message)
        if isinstance(message, AssistantMessage) and message.tool_calls:
            open_calls = _calls_without(message.tool_calls, _results_at(messages, index + 1))
    closed += map(result_of, open_calls)
    return tuple(closed)


def _results_at(messages: Sequence[Message], start: int) -> list[ToolMessage]:
    results: list[ToolMessage] = []
    for message in islice(messages, start, None):
        if not isinstance(message, ToolMessage):
            break
        results.append(message)
    return results


def _calls_without(calls: Sequence[ToolCall], results: Sequence[ToolMessage]) -> tuple[ToolCall, ...]:
    """`calls` less one for each of `results`: that of its id first, then, for ids that fit none, the next in order."""
    open_calls = list(calls)
    without_call = 0
    for result in results:
        answered = next((call for call in open_calls if call.call_id == result.tool_call_id), None)
        if answered:
            open_calls.remove(answered)
        else:
            without_call += 1
    return tuple(open_calls[without_call:])


def tokens_counted(messages: Sequence[Message]) -> int:
    """Tokens in use at the last answer that the model's server counted; 0 before the first."""
    for message in reversed(messages):
        if isinstance(message, AssistantMessage) and message.prompt_eval_count is not None:
            return message.prompt_eval_count + (message.eval_count or 0)
    return 0
