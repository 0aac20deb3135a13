"""Sessions on a disk that is full for a while."""

from collections.abc import Sequence
from datetime import datetime

from adapters.memory.session_store import MemorySessionStore
from application.ports.session_store import SessionChange
from domain.errors import StorageFailed
from domain.message import Message, ToolMessage
from domain.session import Session


class RefusesOneResult(MemorySessionStore):
    """Refuses to keep the first result of a call, and keeps what comes after. `refused` counts."""

    refused = 0

    async def append(self, session_id: str, messages: Sequence[Message], at: datetime) -> None:
        if not self.refused and any(isinstance(message, ToolMessage) for message in messages):
            self.refused += 1
            raise StorageFailed("The disk is full.")
        await super().append(session_id, messages, at)


class RefusesChanges(MemorySessionStore):
    """Keeps no change while it `is_full`."""

    is_full = False

    async def update(self, session_id: str, change: SessionChange) -> Session:
        if self.is_full:
            raise StorageFailed("The disk is full.")
        return await super().update(session_id, change)
