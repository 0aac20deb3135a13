"""Changes of a session's rows: what is new is inserted, what is gone deleted, and the rest left alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    Integer,
    SmallInteger,
    Text,
    bindparam,
    cast,
    delete,
    func,
    select,
    true,
    update,
)
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert

from adapters.sql.session_cache import KnownSession
from adapters.sql.session_reading import fetch
from adapters.sql.session_rows import MESSAGES, SESSIONS, MessageRow, SessionRow, preview_of
from adapters.sql.word_rows import IN_MESSAGES, IN_SUMMARY, WORDS, keys_of_messages, keys_of_summary
from domain.conversation import system_prompt_of, without_system_prompt
from domain.errors import SessionNotFound
from domain.message import Message
from domain.session import Session

# SQLite's and PostgreSQL's ON CONFLICT are spelt alike: SQLAlchemy compiles the one's statement for the other too.
_CREATE: Final = insert(SESSIONS).on_conflict_do_nothing().returning(SESSIONS.c.key)
_IS_OURS: Final = (
    SESSIONS.c.collection == bindparam("its_collection"),
    SESSIONS.c.session_id == bindparam("its_session_id"),
)
_GROW: Final = (
    update(SESSIONS)
    .where(*_IS_OURS)
    .values(
        updated_at=bindparam("at"),
        revision=SESSIONS.c.revision + 1,
        message_count=SESSIONS.c.message_count + bindparam("count"),
        next_position=SESSIONS.c.next_position + bindparam("count"),
        preview=func.coalesce(SESSIONS.c.preview, bindparam("new_preview", type_=Text)),
    )
    .returning(SESSIONS.c.key, SESSIONS.c.revision, SESSIONS.c.next_position)
)
_CHANGE: Final = update(SESSIONS).where(
    SESSIONS.c.key == bindparam("its_key"), SESSIONS.c.revision == bindparam("its_revision")
)
_PUT_MESSAGES: Final = plain_insert(MESSAGES)
_DELETE: Final = delete(SESSIONS).where(*_IS_OURS)
_DROP_PROMPT: Final = delete(MESSAGES).where(MESSAGES.c.session_key == bindparam("key"), MESSAGES.c.position == 0)
_DROP_END: Final = delete(MESSAGES).where(
    MESSAGES.c.session_key == bindparam("key"), MESSAGES.c.position >= bindparam("first")
)
_DROP_WORDS: Final = delete(WORDS).where(
    WORDS.c.session_key == bindparam("key"),
    WORDS.c.source == bindparam("of_source"),
    WORDS.c.position >= bindparam("first"),
)
_given = func.json_each(bindparam("keys", type_=JSON)).table_valued("key", "value")
_ADD_WORDS: Final = (
    insert(WORDS)
    .from_select(
        ["session_key", "word", "source", "position"],
        select(
            bindparam("of_session", type_=BigInteger),
            _given.c.key,
            bindparam("of_source", type_=SmallInteger),
            cast(cast(_given.c.value, Text), Integer),
        ).where(true()),  # Without a WHERE, SQLite takes the ON that follows for that of a join.
    )
    .on_conflict_do_nothing()
)


@dataclass(frozen=True, slots=True)
class NewMessages:
    """Messages ready to be appended to any history: none of them is its system prompt."""

    bodies: Sequence[str]
    words: Mapping[str, int]
    """By key, the index of the first message that has it."""
    preview: str | None

    @classmethod
    def of(cls, messages: Sequence[Message]) -> "NewMessages":
        """Raises StorageFailed for what JSON cannot hold."""
        return cls([*map(MessageRow.body_of, messages)], keys_of_messages(messages, 0), preview_of(messages))

    @property
    def weight(self) -> int:
        return sum(map(len, self.bodies))


def create(connection: Connection, collection: str, session: Session, rest: NewMessages) -> KnownSession | None:
    """None where the id is taken. `rest` are the session's messages without its system prompt."""
    values = {**SessionRow.of(session), "collection": collection, "session_id": session.session_id, "revision": 1}
    key = connection.execute(_CREATE, values).scalar_one_or_none()
    if key is None:
        return None
    _put_prompt(connection, key, session)
    _append(connection, key, 1, rest)
    _add_words(connection, key, IN_SUMMARY, keys_of_summary(session.summary))
    return KnownSession(key, 1, session, rest.weight)


def append(connection: Connection, collection: str, session_id: str, new: NewMessages, at: datetime) -> tuple[int, int]:
    """The key and the new revision of the session. Raises SessionNotFound."""
    given = {"its_collection": collection, "its_session_id": session_id, "at": at, "count": len(new.bodies)}
    row = connection.execute(_GROW, {**given, "new_preview": new.preview}).one_or_none()
    if row is None:
        raise SessionNotFound(session_id)
    _append(connection, row.key, row.next_position - len(new.bodies), new)
    return row.key, row.revision


def change(
    connection: Connection,
    collection: str,
    session_id: str,
    make: Callable[[Session], Session],
    known: KnownSession | None,
) -> KnownSession:
    """The session as it is then. Raises SessionNotFound, SessionCorrupt and what `make` raises.

    `make` may be called twice: on what is `known`, and where that is old, or nothing comes of it, on what is there.
    """
    if known and (changed := _change_known(connection, known, make)):
        return changed
    old = fetch(connection, collection, session_id, known, is_to_change=True).decoded()
    session = make(old.session)
    if session is old.session:
        return old
    changed = _replace(connection, old, session)
    if changed is None:
        raise AssertionError("a row that is locked was changed")
    return changed


def _change_known(
    connection: Connection, known: KnownSession, make: Callable[[Session], Session]
) -> KnownSession | None:
    """None where it has to be read first, which was a fifth of what a turn cost in a database."""
    try:
        session = make(known.session)
    except Exception:  # noqa: BLE001 - raised again, on the session as it is, if it is so there too
        return None
    return None if session is known.session else _replace(connection, known, session)


def _replace(connection: Connection, old: KnownSession, session: Session) -> KnownSession | None:
    """None, and nothing is changed, where `old` is not the session as it is."""
    if session.session_id != old.session.session_id:
        raise ValueError(session.session_id)
    values = {**SessionRow.of(session), "revision": old.revision + 1}
    if not connection.execute(_CHANGE, {**values, "its_key": old.key, "its_revision": old.revision}).rowcount:
        return None
    if system_prompt_of(session.messages) is not system_prompt_of(old.session.messages):
        connection.execute(_DROP_PROMPT, {"key": old.key})
        _put_prompt(connection, old.key, session)
    added = _change_history(connection, old, session)
    if session.summary != old.session.summary:
        connection.execute(_DROP_WORDS, {"key": old.key, "of_source": IN_SUMMARY, "first": 0})
        _add_words(connection, old.key, IN_SUMMARY, keys_of_summary(session.summary))
    return KnownSession(old.key, old.revision + 1, session, old.weight + added)


def drop(connection: Connection, collection: str, session_id: str) -> None:
    """Raises SessionNotFound."""
    given = {"its_collection": collection, "its_session_id": session_id}
    if not connection.execute(_DELETE, given).rowcount:
        raise SessionNotFound(session_id)


def _change_history(connection: Connection, old: KnownSession, session: Session) -> int:
    """Behind the messages that both begin with, put those of `session` in the place of the old ones.

    How much JSON was added, in characters.
    """
    before, after = without_system_prompt(old.session.messages), without_system_prompt(session.messages)
    kept = _shared_beginning(before, after)
    if kept < len(before):
        connection.execute(_DROP_END, {"key": old.key, "first": kept + 1})
        connection.execute(_DROP_WORDS, {"key": old.key, "of_source": IN_MESSAGES, "first": kept + 1})
    new = NewMessages.of(after[kept:])
    _append(connection, old.key, kept + 1, new)
    return new.weight


def _shared_beginning(old: Sequence[Message], new: Sequence[Message]) -> int:
    """How many messages at the beginning of both are the same. Those that were not touched are the very same."""
    pairs = enumerate(zip(old, new, strict=False))
    shared = min(len(old), len(new))
    return next((index for index, (one, other) in pairs if one is not other and not _are_same(one, other)), shared)


def _are_same(one: Message, other: Message) -> bool:
    """As JSON: to Python, 1 and True are the same too."""
    return MessageRow.body_of(one) == MessageRow.body_of(other)


def _put_prompt(connection: Connection, key: int, session: Session) -> None:
    if prompt := system_prompt_of(session.messages):
        row = {"session_key": key, "position": 0, "body": MessageRow.body_of(prompt)}
        connection.execute(_PUT_MESSAGES, row)


def _append(connection: Connection, key: int, first_position: int, new: NewMessages) -> None:
    if not new.bodies:
        return
    rows = [
        {"session_key": key, "position": position, "body": body}
        for position, body in enumerate(new.bodies, first_position)
    ]
    connection.execute(_PUT_MESSAGES, rows if len(rows) > 1 else rows[0])
    _add_words(connection, key, IN_MESSAGES, {word: first_position + index for word, index in new.words.items()})


def _add_words(connection: Connection, key: int, source: int, keys: Mapping[str, int]) -> None:
    """Those that the session has already stay as they are: they stand further in front."""
    if keys:
        connection.execute(_ADD_WORDS, {"of_session": key, "of_source": source, "keys": keys})
