"""Sessions in a database."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeAlias

from adapters.codec.errors import NotDecodable
from adapters.sql import session_list, session_writing
from adapters.sql.database import Database, computed
from adapters.sql.session_cache import KnownSession, SessionCache
from adapters.sql.session_change import NewMessages, PreparedChange, SessionChange, weight_of
from adapters.sql.session_reading import fetch, is_current
from adapters.sql.session_rows import SessionRow
from application.ports import session_store as ports
from domain import conversation
from domain.identifiers import is_id, require_session_id
from domain.message import Message, SystemMessage
from domain.session import Session, SessionOverview

Collection: TypeAlias = Literal["chats", "agent_chats"]


class SqlSessionStore(ports.SessionStore):
    """The sessions of one collection; any number of processes may share the database.

    A corrupt session is found out where it is loaded or updated: an append does not read it.
    """

    def __init__(self, database: Database, collection: Collection) -> None:
        self._database = database
        self._collection = collection
        self._cache = SessionCache()

    async def create(self, session: Session) -> bool:
        if not is_id(session.session_id):
            raise ValueError(session.session_id)
        rest = await _prepared(conversation.without_system_prompt(session.messages))
        known = await self._database.write(
            lambda connection: session_writing.create(connection, self._collection, session, rest)
        )
        if known:
            self._cache.put(known)
        return known is not None

    async def load(self, session_id: str) -> Session:
        return (await self._load(session_id)).session

    async def append(self, session_id: str, messages: Sequence[Message], at: datetime) -> None:
        require_session_id(session_id)
        if messages and isinstance(messages[0], SystemMessage):
            # It may be the session's prompt, which has a place of its own.
            await self.update(session_id, lambda session: conversation.append(session, messages, at))
            return
        new = await _prepared(messages)
        key, revision = await self._database.write(
            lambda connection: session_writing.append(connection, self._collection, session_id, new, at), is_one=True
        )
        known = self._cache.get(session_id)
        if known and (known.key, known.revision) == (key, revision - 1):
            session = conversation.append(known.session, messages, at)
            self._cache.put(KnownSession(key, revision, session, known.weight + new.weight))

    async def update(self, session_id: str, change: Callable[[Session], Session]) -> Session:
        # A session that nobody knows is loaded first, as decoding it within the transaction could hold up the loop.
        known = self._cache.get(session_id) or await self._load(session_id)
        prepared = await _prepared_change(known, change)
        changed = await self._database.write(
            lambda connection: session_writing.change(
                connection, self._collection, session_id, make=change, known=known, prepared=prepared
            )
        )
        self._cache.put(changed)
        return changed.session

    async def delete(self, session_id: str) -> None:
        require_session_id(session_id)
        self._cache.drop(session_id)
        await self._database.write(lambda connection: session_writing.drop(connection, self._collection, session_id))

    async def list_sessions(
        self, *, words: Sequence[str] = (), limit: int | None = None, after: ports.ListPosition | None = None
    ) -> ports.SessionPage:
        found: list[SessionOverview] = []
        while True:
            # One more than is shown tells whether there are more. Corrupt ones make room for others.
            wanted = None if limit is None else limit + 1 - len(found)
            rows = await self._database.read(
                partial(session_list.page_of, collection=self._collection, words=words, limit=wanted, after=after)
            )
            weight = sum(len(row.document) for row in rows)
            found += await computed(weight, lambda rows=rows: list(_overviews(rows)))  # type: ignore[misc] # mypy cannot infer a lambda with a default
            if wanted is None or len(rows) < wanted or len(found) > (limit or 0):
                return _page(found, limit)
            after = ports.ListPosition(updated_at=rows[-1].updated_at, session_id=rows[-1].session_id)

    async def session_ids(self) -> Sequence[str]:
        return await self._database.look(partial(session_list.ids_in, collection=self._collection))

    async def _load(self, session_id: str) -> KnownSession:
        require_session_id(session_id)
        known = self._cache.get(session_id)
        if known and await self._is_current(session_id, known):
            return known
        fetched = await self._database.read(lambda connection: fetch(connection, self._collection, session_id))
        loaded = await computed(fetched.weight, fetched.decoded)
        self._cache.put(loaded)
        return loaded

    async def _is_current(self, session_id: str, known: KnownSession) -> bool:
        return await self._database.look(
            partial(is_current, collection=self._collection, session_id=session_id, known=known)
        )


async def _prepared(messages: Sequence[Message]) -> NewMessages:
    return await computed(weight_of(messages), partial(NewMessages.of, messages))


async def _prepared_change(known: KnownSession, make: Callable[[Session], Session]) -> PreparedChange | None:
    """None where nothing comes of it on what is known: what does on the session as it is, is still to be seen."""
    try:
        session = make(known.session)
    except Exception:  # noqa: BLE001 - raised again, on the session as it is, if it is so there too
        return None
    if session is known.session:
        return None
    change = SessionChange.of(known, session)
    return await computed(change.weight, change.prepared)


def _overviews(rows: Sequence[Any]) -> Iterator[SessionOverview]:
    for row in rows:
        try:
            yield SessionRow.to_overview(row)
        except NotDecodable:
            continue


def _page(found: Sequence[SessionOverview], limit: int | None) -> ports.SessionPage:
    shown = found if limit is None else found[:limit]
    last = shown[-1] if len(shown) < len(found) and shown else None
    position = ports.ListPosition(updated_at=last.updated_at, session_id=last.session_id) if last else None
    return ports.SessionPage(sessions=shown, next_position=position)
