"""Changes of a session's rows: what is new is inserted, what is gone deleted, and the rest left alone."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from adapters.sql import session_statements as statements
from adapters.sql.database import nests_writes
from adapters.sql.session_cache import KnownSession
from adapters.sql.session_change import NewMessages, PreparedChange, SessionChange
from adapters.sql.session_reading import fetch
from adapters.sql.session_rows import MessageRow, SessionRow, json_of
from adapters.sql.word_rows import IN_MESSAGES, IN_SUMMARY, NO_WORDS, keys_of_summary
from domain.conversation import system_prompt_of
from domain.errors import SessionNotFound
from domain.session import Session


def create(connection: Connection, collection: str, session: Session, rest: NewMessages) -> KnownSession | None:
    """None where the id is taken. `rest` are the session's messages without its system prompt."""
    values = {**SessionRow.of(session), "collection": collection, "session_id": session.session_id, "revision": 1}
    key = connection.execute(statements.CREATE, values).scalar_one_or_none()
    if key is None:
        return None
    _put_prompt(connection, key, session)
    _append(connection, key, 1, rest)
    _add_words(connection, key, IN_SUMMARY, json_of(keys_of_summary(session.summary)), 0)
    return KnownSession(key, 1, session, rest.weight)


def append(connection: Connection, collection: str, session_id: str, new: NewMessages, at: datetime) -> tuple[int, int]:
    """The key and the new revision of the session, by one statement where it may be. Raises SessionNotFound."""
    at_once = nests_writes(connection)
    given = {"its_collection": collection, "its_session_id": session_id, "at": at, "count": len(new.bodies)}
    given |= {"new_preview": new.preview, **(new.rows if at_once else {})}
    row = connection.execute(statements.GROW_AT_ONCE if at_once else statements.GROW, given).one_or_none()
    if row is None:
        raise SessionNotFound(session_id)
    if not at_once:
        _append(connection, row.key, row.next_position - len(new.bodies), new)
    return row.key, row.revision


def change(
    connection: Connection,
    collection: str,
    session_id: str,
    *,
    make: Callable[[Session], Session],
    known: KnownSession,
    prepared: PreparedChange | None,
) -> KnownSession:
    """The session as it is then. Raises SessionNotFound, SessionCorrupt and what `make` raises.

    `prepared` is what `make` makes of what is `known`. Where that is old, or nothing came of it, `make` is called on
    what is there: to read it each time was a fifth of what a turn cost in a database.
    """
    if prepared and (changed := _replace(connection, prepared)):
        return changed
    old = fetch(connection, collection, session_id, known, is_to_change=True).decoded()
    session = make(old.session)
    if session is old.session:
        return old
    changed = _replace(connection, SessionChange.of(old, session).prepared())
    if changed is None:
        raise AssertionError("a row that is locked was changed")
    return changed


def _replace(connection: Connection, change: PreparedChange) -> KnownSession | None:
    """None, and nothing is changed, where `change.old` is not the session as it is."""
    old, session, history = change.old, change.session, change.history
    values = {**change.values, "revision": old.revision + 1}
    given = {"its_key": old.key, "its_revision": old.revision, **{f"new_{name}": new for name, new in values.items()}}
    has_grown_alone = history.is_growth and session.summary == old.session.summary
    if has_grown_alone and nests_writes(connection):
        given |= {"first": history.kept + 1, **history.new.rows}
        if connection.execute(statements.CHANGE_AT_ONCE, given).one_or_none() is None:
            return None
    else:
        if not connection.execute(statements.CHANGE, given).rowcount:
            return None
        _change_rows(connection, change)
    return KnownSession(old.key, old.revision + 1, session, old.weight + history.new.weight)


def _change_rows(connection: Connection, change: PreparedChange) -> None:
    old, session, history = change.old, change.session, change.history
    if history.has_other_prompt:
        connection.execute(statements.DROP_PROMPT, {"key": old.key})
        _put_prompt(connection, old.key, session)
    if history.drops:
        connection.execute(statements.DROP_END, {"key": old.key, "first": history.kept + 1})
        gone = {"key": old.key, "of_source": IN_MESSAGES, "first": history.kept + 1}
        connection.execute(statements.DROP_WORDS, gone)
    _append(connection, old.key, history.kept + 1, history.new)
    if session.summary != old.session.summary:
        connection.execute(statements.DROP_WORDS, {"key": old.key, "of_source": IN_SUMMARY, "first": 0})
        _add_words(connection, old.key, IN_SUMMARY, json_of(keys_of_summary(session.summary)), 0)


def drop(connection: Connection, collection: str, session_id: str) -> None:
    """Raises SessionNotFound."""
    given = {"its_collection": collection, "its_session_id": session_id}
    if not connection.execute(statements.DELETE, given).rowcount:
        raise SessionNotFound(session_id)


def _put_prompt(connection: Connection, key: int, session: Session) -> None:
    if prompt := system_prompt_of(session.messages):
        row = {"session_key": key, "position": 0, "body": MessageRow.body_of(prompt)}
        connection.execute(statements.PUT_MESSAGES, row)


def _append(connection: Connection, key: int, first_position: int, new: NewMessages) -> None:
    if not new.bodies:
        return
    rows = [
        {"session_key": key, "position": position, "body": body}
        for position, body in enumerate(new.bodies, first_position)
    ]
    connection.execute(statements.PUT_MESSAGES, rows if len(rows) > 1 else rows[0])
    _add_words(connection, key, IN_MESSAGES, new.words, first_position)


def _add_words(connection: Connection, key: int, source: int, words: str, first_position: int) -> None:
    """`words` as those of NewMessages, which stand from `first_position` on."""
    if words != NO_WORDS:
        given = {"of_session": key, "of_source": source, "words": words, "first": first_position}
        connection.execute(statements.ADD_WORDS, given)
