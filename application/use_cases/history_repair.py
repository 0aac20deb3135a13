"""Making a history that came from elsewhere one that the rules of this server hold for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from application.ports.id_source import IdSource
from domain.conversation import with_calls_closed
from domain.identifiers import is_id
from domain.message import Message, ToolCall, ToolMessage

MISSING_RESULT = "The result of this call is missing: the conversation was cut before it came."


def repaired(messages: Sequence[Message], *, ids: IdSource, at: datetime) -> tuple[Message, ...]:
    """`messages` with ids of the right form, each once, and a result behind every tool call."""

    def missing_result(call: ToolCall) -> ToolMessage:
        return ToolMessage(
            message_id=ids.new_id(),
            timestamp=at,
            content=MISSING_RESULT,
            tool_name=call.tool_name,
            tool_call_id=call.call_id,
        )

    return with_calls_closed(_with_unique_ids(messages, ids), missing_result)


def _with_unique_ids(messages: Sequence[Message], ids: IdSource) -> tuple[Message, ...]:
    unique: dict[str, Message] = {}
    taken = {message.message_id for message in messages}
    for message in messages:
        message_id = message.message_id
        while not is_id(message_id) or message_id in unique:
            message_id = _id_beyond(taken, ids)
        unique[message_id] = replace(message, message_id=message_id)
    return tuple(unique.values())


def _id_beyond(taken: set[str], ids: IdSource) -> str:
    while (new_id := ids.new_id()) in taken:
        pass
    taken.add(new_id)
    return new_id
