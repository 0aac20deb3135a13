"""The list of sessions: an index that follows the folder, its own process's changes at once and others' soon."""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.json_files.atomic_file import FileIdentity, look_at, open_folder
from adapters.json_files.failures import storage_failures
from adapters.json_files.folder_watch import FolderWatch
from adapters.json_files.session_files import CorruptVersion, Kept, SessionFiles, file_name_of, session_id_of
from adapters.json_files.session_index import IndexEntry, SessionIndex, find, joined_words
from adapters.thread_worker import ThreadWorker
from application.ports.session_store import ListPosition, SessionPage
from domain.errors import SessionNotFound
from domain.session import overview_of

_TRUSTED_SECONDS: Final = 2.0
"""How long the change of a file that is not on the page may stay unseen, where the folder does not tell of it."""
_TRIED_AGAIN_SECONDS: Final = 30.0
"""How long a file that could not be read is let be, once it was tried again: a failing disk takes seconds to refuse."""
_MOST_ATTEMPTS: Final = 5
_NO_VERSION: Final = FileIdentity(-1, -1, -1)
"""No file's: whoever is known by it is read."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at the whole folder found."""

    changed: Mapping[str, IndexEntry]
    gone: frozenset[str]


class SessionList:
    """Used from the event loop only."""

    def __init__(self, files: SessionFiles, watch: FolderWatch, worker: ThreadWorker) -> None:
        self._files = files
        self._watch = watch
        self._worker = worker
        self._index = SessionIndex()
        self._looking: asyncio.Task[None] | None = None
        self._looked_at: float | None = None
        self._tried_again_at = float("-inf")
        self._written_meanwhile: set[str] = set()

    async def aclose(self) -> None:
        if self._looking:
            await asyncio.wait([self._looking])

    def kept(self, kept: Kept) -> None:
        """This process wrote a session."""
        session_id = kept.session.session_id
        self._written_meanwhile.add(session_id)
        self._index.put(session_id, IndexEntry(kept.identity, kept.overview))

    def deleted(self, session_id: str) -> None:
        """This process deleted a session."""
        self._written_meanwhile.add(session_id)
        self._index.remove(session_id)

    async def page(self, words: Sequence[str], limit: int | None, after: ListPosition | None) -> SessionPage:
        """What the index says, once no file of the page is another than the index knows."""
        await self._follow()
        page = await self._indexed_page(words, limit, after)
        for _ in range(_MOST_ATTEMPTS):
            if not await self._refresh([overview.session_id for overview in page.sessions]):
                break
            page = await self._indexed_page(words, limit, after)
        return page

    async def _indexed_page(self, words: Sequence[str], limit: int | None, after: ListPosition | None) -> SessionPage:
        found = await self._find(words) if words else None
        return self._index.page(found, limit, after)

    async def _refresh(self, session_ids: Sequence[str]) -> bool:
        """Whether the index had to be told of a change to one of these sessions."""
        known = {session_id: entry.identity for session_id in session_ids if (entry := self._index.get(session_id))}
        changed = await self._worker.run(lambda: self._changed_among(known))
        for session_id, entry in changed.items():
            current = self._index.get(session_id)
            if current is None or current.identity != known[session_id]:
                continue
            if entry:
                self._index.put(session_id, entry)
            else:
                self._index.remove(session_id)
        return bool(changed)

    def _changed_among(self, known: Mapping[str, FileIdentity]) -> dict[str, IndexEntry | None]:
        """None for those that are gone."""
        with storage_failures("The sessions could not be listed"), open_folder(self._files.folder) as folder:
            return {
                session_id: self._entry_of(session_id)
                for session_id, identity in known.items()
                if _identity_in(folder, file_name_of(session_id)) != identity
            }

    async def _follow(self) -> None:
        """Look at the folder where somebody else changed it, and now and then in the background.

        Programs that write into a file, instead of replacing it, leave the folder's own time as it is.
        """
        if self._is_looking:
            # It may have passed by what changed after it began.
            await asyncio.shield(self._look())
        # In a thread: it waits for who renames just now, and a disk may let that take its time.
        is_unchanged = await self._worker.run(self._watch.is_unchanged)
        if self._looked_at is None or not is_unchanged:
            # A look that began meanwhile will do, as it began after this list.
            await asyncio.shield(self._look())
        elif self._now() - self._looked_at > _TRUSTED_SECONDS:
            self._look()

    @property
    def _is_looking(self) -> bool:
        return self._looking is not None and not self._looking.done()

    def _look(self) -> asyncio.Task[None]:
        """The look that is under way, or a new one."""
        if self._looking is None or self._looking.done():
            self._written_meanwhile.clear()
            self._looking = asyncio.create_task(self._look_once())
            self._looking.add_done_callback(_observe)
        return self._looking

    async def _look_once(self) -> None:
        began_at = self._now()
        known = self._known(began_at)
        self._looked_at = None
        look = await self._worker.run(lambda: self._look_at_all(known))
        self._looked_at = began_at
        newer = self._written_meanwhile
        for session_id in look.gone - newer:
            self._index.remove(session_id)
        changed = {session_id: entry for session_id, entry in look.changed.items() if session_id not in newer}
        if changed:
            self._index.put_all(changed)

    def _known(self, now: float) -> dict[str, FileIdentity]:
        """The versions that need not be read."""
        known = self._index.identities()
        if now - self._tried_again_at > _TRIED_AGAIN_SECONDS and (unread := self._index.unread()):
            self._tried_again_at = now
            known.update(dict.fromkeys(unread, _NO_VERSION))
        return known

    def _look_at_all(self, known: Mapping[str, FileIdentity]) -> _Look:
        self._watch.begin_look()
        changed: dict[str, IndexEntry] = {}
        present = set()
        with storage_failures("The sessions could not be listed"):
            for session_id, identity in self._identities():
                present.add(session_id)
                if known.get(session_id) != identity and (entry := self._entry_of(session_id)):
                    changed[session_id] = entry
        return _Look(changed, frozenset(known.keys() - present))

    def _identities(self) -> Iterator[tuple[str, FileIdentity]]:
        """Only the names are `scandir`'s: its `stat`, by whole paths, takes twice the time of one by the folder."""
        with open_folder(self._files.folder) as folder, os.scandir(folder) as entries:
            for entry in entries:
                session_id = session_id_of(entry.name)
                if session_id and (identity := _identity_in(folder, entry.name)):
                    yield session_id, identity

    def _entry_of(self, session_id: str) -> IndexEntry | None:
        """None where there is no such session (any more)."""
        try:
            session, identity = self._files.peek(session_id)
        except SessionNotFound:
            return None
        except CorruptVersion as corrupt:
            return IndexEntry(corrupt.identity, None, was_read=corrupt.was_read)
        return IndexEntry(identity, overview_of(session))

    async def _find(self, query: Sequence[str]) -> frozenset[str]:
        known = self._index.known_words()
        found, collected = await self._worker.run(lambda: self._search(query, known))
        for session_id, (identity, words) in collected.items():
            entry = self._index.get(session_id)
            if entry and entry.identity == identity:
                entry.words = words
        return found

    def _search(
        self, query: Sequence[str], known: Mapping[str, str | None]
    ) -> tuple[frozenset[str], dict[str, tuple[FileIdentity, str]]]:
        """The ids of the sessions found, and the words that had to be collected for it."""
        collected: dict[str, tuple[FileIdentity, str]] = {}
        for session_id, words in known.items():
            if words is None:
                try:
                    session, identity = self._files.peek(session_id)
                except (SessionNotFound, CorruptVersion):
                    continue
                collected[session_id] = (identity, joined_words(session))
        ready = [(session_id, words) for session_id, words in known.items() if words is not None]
        return find(query, [*ready, *((each, words) for each, (_, words) in collected.items())]), collected

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _observe(look: asyncio.Task[None]) -> None:
    """A look in the background that failed is followed by another at the next list: nobody need hear of it."""
    if not look.cancelled():
        look.exception()


def _identity_in(folder: int, name: str) -> FileIdentity | None:
    try:
        return look_at(folder, name)
    except FileNotFoundError:
        return None
