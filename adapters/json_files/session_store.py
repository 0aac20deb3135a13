"""Sessions as JSON files, one each (contract, section 10)."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from adapters.json_files.folder_watch import FolderWatch
from adapters.json_files.locks import LockBusy, stripe_of
from adapters.json_files.session_files import Kept, SessionFiles
from adapters.json_files.session_list import SessionList
from adapters.thread_worker import ThreadWorker
from application.owned_task import finish_despite_cancellation
from application.ports import session_store as ports
from domain import conversation
from domain.errors import StorageFailed
from domain.message import Message
from domain.session import Session

Result = TypeVar("Result")

_THREADS: Final = 4
_LONGEST_WAIT_SECONDS: Final = 30.0
"""A lock is held as long as one write takes; who holds it this long hangs."""
_FIRST_PAUSE_SECONDS: Final = 0.001
_LONGEST_PAUSE_SECONDS: Final = 0.02


class JsonSessionStore(ports.SessionStore):
    """`open()` comes first and `aclose()` last; several processes may share the folder."""

    def __init__(self, folder: Path) -> None:
        watch = FolderWatch(folder)
        self._files = SessionFiles(folder, watch)
        self._worker = ThreadWorker("sessions", _THREADS)
        self._list = SessionList(self._files, watch, self._worker)
        self._turns: dict[str, asyncio.Lock] = {}

    async def open(self) -> None:
        """Make the folder and clear it of what dead processes left. Raises StorageFailed."""
        await self._worker.run(self._files.prepare)

    async def aclose(self) -> None:
        await self._list.aclose()
        await self._worker.aclose()

    async def create(self, session: Session) -> bool:
        return await finish_despite_cancellation(self._create(session))

    async def load(self, session_id: str) -> Session:
        async with self._turn(session_id):
            return await self._worker.run(partial(self._files.load, session_id))

    async def append(self, session_id: str, messages: Sequence[Message], at: datetime) -> None:
        await self.update(session_id, lambda session: conversation.append(session, messages, at))

    async def update(self, session_id: str, change: Callable[[Session], Session]) -> Session:
        return await finish_despite_cancellation(self._update(session_id, change))

    async def delete(self, session_id: str) -> None:
        await finish_despite_cancellation(self._delete(session_id))

    async def list_sessions(
        self, *, words: Sequence[str] = (), limit: int | None = None, after: ports.ListPosition | None = None
    ) -> ports.SessionPage:
        return await self._list.page(words, limit, after)

    async def session_ids(self) -> Sequence[str]:
        return await self._worker.run(self._files.ids)

    async def _create(self, session: Session) -> bool:
        async with self._turn(session.session_id):
            kept = await self._locked(partial(self._files.create, session))
            self._note(kept)
        return kept is not None

    async def _update(self, session_id: str, change: Callable[[Session], Session]) -> Session:
        async with self._turn(session_id):
            kept = await self._locked(partial(self._files.change, session_id, change))
            self._note(kept)
        return kept.session

    async def _delete(self, session_id: str) -> None:
        async with self._turn(session_id):
            await self._locked(partial(self._files.delete, session_id))
            self._list.deleted(session_id)

    def _note(self, kept: Kept | None) -> None:
        if kept and kept.is_changed:
            self._list.kept(kept)

    def _turn(self, session_id: str) -> asyncio.Lock:
        """Held by one call at a time of this process for the sessions of a stripe, first come, first served."""
        return self._turns.setdefault(stripe_of(session_id), asyncio.Lock())

    async def _locked(self, operation: Callable[[], Result]) -> Result:
        """`operation` as soon as no other process writes; waiting for that takes up no thread."""
        waited, pause = 0.0, _FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self._worker.run(operation)
            except LockBusy:
                if waited > _LONGEST_WAIT_SECONDS:
                    raise StorageFailed("Another process holds the session's lock and does not let go.") from None
            await asyncio.sleep(pause)
            waited += pause
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
