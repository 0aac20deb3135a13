"""What lists need of every session, in memory, so that a list opens no file."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from adapters.json_files.atomic_file import FileIdentity
from application.ports.session_store import ListPosition, SessionPage
from domain.search import words_of_session
from domain.session import Session, SessionOverview

_Key: TypeAlias = tuple[datetime, str]
_MANY: Final = 500
"""From here on, sorting anew (10 ms for 10,000) is no slower than putting each in its place."""


@dataclass(slots=True)
class IndexEntry:
    """One version of a session file. `overview` is None where it is corrupt; `words` until somebody searched.

    `was_read` is False where the disk refused the file, which may pass without a change of it.
    """

    identity: FileIdentity
    overview: SessionOverview | None
    words: str | None = None
    was_read: bool = True


class SessionIndex:
    """Entries by id, and their order in lists."""

    def __init__(self) -> None:
        self._entries: dict[str, IndexEntry] = {}
        self._order: list[_Key] = []

    def put(self, session_id: str, entry: IndexEntry) -> None:
        self.remove(session_id)
        self._entries[session_id] = entry
        if entry.overview:
            insort(self._order, _key_of(entry.overview))

    def put_all(self, entries: Mapping[str, IndexEntry]) -> None:
        """`put` each."""
        if len(entries) < _MANY:
            for session_id, entry in entries.items():
                self.put(session_id, entry)
            return
        self._entries.update(entries)
        self._order = sorted(_key_of(entry.overview) for entry in self._entries.values() if entry.overview)

    def remove(self, session_id: str) -> None:
        entry = self._entries.pop(session_id, None)
        if entry and entry.overview:
            del self._order[bisect_left(self._order, _key_of(entry.overview))]

    def get(self, session_id: str) -> IndexEntry | None:
        return self._entries.get(session_id)

    def identities(self) -> dict[str, FileIdentity]:
        return {session_id: entry.identity for session_id, entry in self._entries.items()}

    def unread(self) -> list[str]:
        """The ids of those whose files could not be read."""
        return [session_id for session_id, entry in self._entries.items() if not entry.was_read]

    def known_words(self) -> dict[str, str | None]:
        """The words of each session that can be read, None where they were not collected yet."""
        return {session_id: entry.words for session_id, entry in self._entries.items() if entry.overview}

    def page(self, found: frozenset[str] | None, limit: int | None, after: ListPosition | None) -> SessionPage:
        """The sessions among `found` (None: all), newest first."""
        end = bisect_left(self._order, (after.updated_at, after.session_id)) if after else len(self._order)
        keys = []
        for index in range(end - 1, -1, -1):
            key = self._order[index]
            if found is None or key[1] in found:
                keys.append(key)
                if limit is not None and len(keys) > limit:
                    break
        page = keys if limit is None else keys[:limit]
        overviews = [overview for _, session_id in page if (overview := self._entries[session_id].overview)]
        has_more = bool(page) and len(keys) > len(page)
        next_position = ListPosition(updated_at=page[-1][0], session_id=page[-1][1]) if has_more else None
        return SessionPage(sessions=overviews, next_position=next_position)


def joined_words(session: Session) -> str:
    """The words by which a session is found, in a compact form for `find`."""
    return "\n" + "\n".join(sorted(words_of_session(session)))


def find(query: Sequence[str], words: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The ids of those (id, joined words) where each of `query` begins a word: what `domain.search.matches` says."""
    needles = [f"\n{word}" for word in query]
    return frozenset(session_id for session_id, joined in words if all(needle in joined for needle in needles))


def _key_of(overview: SessionOverview) -> _Key:
    return (overview.updated_at, overview.session_id)
