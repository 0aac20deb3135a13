"""Sessions on a disk that is full for a moment."""

from collections.abc import Sequence
from datetime import datetime

from adapters.memory.session_store import MemorySessionStore
from domain.errors import StorageFailed
from domain.message import Message, ToolMessage


class RefusesOneResult(MemorySessionStore):
    """Refuses to keep the first result of a call, and keeps what comes after. `refused` counts."""

    refused = 0

    async def append(self, session_id: str, messages: Sequence[Message], at: datetime) -> None:
        if not self.refused and any(isinstance(message, ToolMessage) for message in messages):
            self.refused += 1
            raise StorageFailed("The disk is full.")
        await super().append(session_id, messages, at)
