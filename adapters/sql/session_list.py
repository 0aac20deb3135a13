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
_MANY: Final = 2000
"""Rows of a word from which on it is common: to look at each of fewer takes some milliseconds."""
_NEWEST: Final = 2000
"""Sessions in which common words are looked for one by one, in the order of the list, before all are."""


def page_of(
    connection: Connection, collection: str, words: Sequence[str], limit: int | None, after: ListPosition | None
) -> Sequence[Any]:
    """Rows of sessions, newest `updated_at` first, at most `limit`, from behind `after`."""
    everything = _all(collection, after)
    if not words:
        return connection.execute(_listed(everything, SESSIONS, limit)).all()
    counts = {word: _rows_up_to(connection, word) for word in words}
    rarest, *others = sorted(counts, key=counts.__getitem__)
    if counts[rarest] < _MANY:
        found = SESSIONS.c.key.in_(_rows_of(connection, rarest))
        few = everything.where(found, *[_has_word(SESSIONS, word) for word in others])
        return connection.execute(_listed(few, SESSIONS, limit)).all()
    if limit is not None:
        rows = _among_newest(connection, everything, words, limit)
        if len(rows) == limit:
            return rows
    all_found = intersect(*[_rows_of(connection, word) for word in words])
    return connection.execute(_listed(everything.where(SESSIONS.c.key.in_(all_found)), SESSIONS, limit)).all()


def _among_newest(connection: Connection, everything: Select[Any], words: Sequence[str], limit: int) -> Sequence[Any]:
    """A common word is in some of the newest, while its rows are too many to be gone through.

    Whole rows are taken of those alone that are found: for all of the newest, PostgreSQL reads every session's.
    """
    newest = _listed(everything, SESSIONS, _NEWEST).with_only_columns(*_PLACE).subquery()
    having_all = select(newest).where(*[_has_word(newest, word) for word in words])
    found = _listed(having_all, newest, limit).subquery()
    whole = select(SESSIONS).join(found, found.c.key == SESSIONS.c.key)
    return connection.execute(_listed(whole, found, limit)).all()


def ids_in(connection: Connection, collection: str) -> Sequence[str]:
    """All of them, in ascending order."""
    ids = select(SESSIONS.c.session_id).where(SESSIONS.c.collection == collection).order_by(SESSIONS.c.session_id)
    return connection.execute(ids).scalars().all()


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


def _rows_up_to(connection: Connection, word: str) -> int:
    rows = _rows_of(connection, word).limit(_MANY).subquery()
    return connection.scalar(select(func.count()).select_from(rows)) or 0


def _rows_of(connection: Connection, word: str) -> Select[Any]:
    """The keys of the sessions that have it, as often as they have words that it begins."""
    first, end = range_of(word)
    rows: Select[Any] = select(column("session_key")).select_from(_BY_WORD[connection.dialect.name])
    return rows.where(column("word") >= first, column("word") < end)
