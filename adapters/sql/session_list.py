"""Pages of the list of sessions, all or those that words find."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, column, exists, func, intersect, literal, select, text, tuple_
from sqlalchemy.sql import FromClause

from adapters.sql.session_rows import SESSIONS
from adapters.sql.utc_time import UtcTime
from adapters.sql.word_rows import WORDS, range_of
from application.ports.session_store import ListPosition

_BY_WORD: Final = {
    "postgresql": text("mochi_words"),
    # Where it has statistics, SQLite would else rather skip through the words of each session.
    "sqlite": text("mochi_words INDEXED BY mochi_words_by_word"),
}
_PLACE: Final = (SESSIONS.c.key, SESSIONS.c.updated_at, SESSIONS.c.session_id)
_NEWEST: Final = 2000
"""Sessions in which words are looked for one by one, in the order of the list, before the index is asked for all."""
_MANY: Final = 2000
"""Rows that a word may have at least before it matters how many more it has."""


def page_of(
    connection: Connection, collection: str, words: Sequence[str], limit: int | None, after: ListPosition | None
) -> Sequence[Any]:
    """Rows of sessions, newest `updated_at` first, at most `limit`, from behind `after`."""
    if not words:
        return connection.execute(_listed(_all(collection, after), SESSIONS, limit)).all()
    if limit is not None:
        # A common word is in some of the newest, while its rows are too many to be gone through.
        newest = _listed(_all(collection, after), SESSIONS, _NEWEST).with_only_columns(*_PLACE).subquery()
        near = select(SESSIONS).join(newest, newest.c.key == SESSIONS.c.key)
        near = near.where(*[_has_word(newest, word) for word in words])
        rows = connection.execute(_listed(near, newest, limit)).all()
        if len(rows) == limit:
            return rows
    far = _all(collection, after).where(*_found_by_index(connection, words))
    return connection.execute(_listed(far, SESSIONS, limit)).all()


def _all(collection: str, after: ListPosition | None) -> Select[Any]:
    statement = select(SESSIONS).where(SESSIONS.c.collection == collection)
    if after is None:
        return statement
    place = tuple_(literal(after.updated_at, UtcTime), literal(after.session_id))
    return statement.where(tuple_(SESSIONS.c.updated_at, SESSIONS.c.session_id) < place)


def _listed(statement: Select[Any], sessions: FromClause, limit: int | None) -> Select[Any]:
    return statement.order_by(sessions.c.updated_at.desc(), sessions.c.session_id.desc()).limit(limit)


def _has_word(sessions: FromClause, word: str) -> ColumnElement[bool]:
    first, end = range_of(word)
    return exists().where(WORDS.c.session_key == sessions.c.key, WORDS.c.word >= first, WORDS.c.word < end)


def _found_by_index(connection: Connection, words: Sequence[str]) -> list[ColumnElement[bool]]:
    """Those that have the rarest word are looked at one by one for the others, unless they are many themselves."""
    counts = {word: _rows_up_to(connection, word) for word in words}
    first, *others = sorted(counts, key=counts.__getitem__)
    if others and counts[first] == _MANY:
        return [SESSIONS.c.key.in_(intersect(*[_rows_of(connection, word) for word in words]))]
    rarest = SESSIONS.c.key.in_(_rows_of(connection, first))
    return [rarest, *[_has_word(SESSIONS, word) for word in others]]


def _rows_up_to(connection: Connection, word: str) -> int:
    rows = _rows_of(connection, word).limit(_MANY).subquery()
    return connection.scalar(select(func.count()).select_from(rows)) or 0


def _rows_of(connection: Connection, word: str) -> Select[Any]:
    """The keys of the sessions that have it, as often as they have words that it begins."""
    first, end = range_of(word)
    rows: Select[Any] = select(column("session_key")).select_from(_BY_WORD[connection.dialect.name])
    return rows.where(column("word") >= first, column("word") < end)
