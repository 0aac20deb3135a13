"""Message ids of a history that came from elsewhere."""

from collections.abc import Sequence
from dataclasses import replace

from application.ports.id_source import IdSource
from domain.identifiers import is_id
from domain.message import Message


def with_unique_ids(messages: Sequence[Message], ids: IdSource) -> tuple[Message, ...]:
    """`messages`, of which those whose id has the wrong form or was there before get a new one."""
    by_id: dict[str, Message] = {}
    for message in messages:
        message_id = message.message_id
        while not is_id(message_id) or message_id in by_id:
            message_id = ids.new_id()
        by_id[message_id] = replace(message, message_id=message_id)
    return tuple(by_id.values())
