"""The statements that change a session's rows.

Where statements may hold others that write, a turn is one of them: the session's row, then the messages and words that
are new. Elsewhere they follow each other in a transaction.
"""

from typing import Final

from sqlalchemy import (
    ARRAY,
    CTE,
    JSON,
    BigInteger,
    ColumnElement,
    Insert,
    Integer,
    Select,
    SmallInteger,
    Text,
    bindparam,
    cast,
    delete,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert

from adapters.sql.session_rows import MESSAGES, SESSIONS
from adapters.sql.word_rows import IN_MESSAGES, WORDS

# SQLite's and PostgreSQL's ON CONFLICT are spelt alike: SQLAlchemy compiles the one's statement for the other too.
CREATE: Final = insert(SESSIONS).on_conflict_do_nothing().returning(SESSIONS.c.key)
_is_ours: Final = (
    SESSIONS.c.collection == bindparam("its_collection"),
    SESSIONS.c.session_id == bindparam("its_session_id"),
)
_count: Final = bindparam("count", type_=Integer)
GROW: Final = (
    update(SESSIONS)
    .where(*_is_ours)
    .values(
        updated_at=bindparam("at"),
        revision=SESSIONS.c.revision + 1,
        message_count=SESSIONS.c.message_count + _count,
        next_position=SESSIONS.c.next_position + _count,
        preview=func.coalesce(SESSIONS.c.preview, bindparam("new_preview", type_=Text)),
    )
    .returning(SESSIONS.c.key, SESSIONS.c.revision, SESSIONS.c.next_position)
)
_CHANGED: Final = ("created_at", "updated_at", "message_count", "next_position", "preview", "document", "revision")
CHANGE: Final = (
    update(SESSIONS)
    .where(SESSIONS.c.key == bindparam("its_key"), SESSIONS.c.revision == bindparam("its_revision"))
    .values({name: bindparam(f"new_{name}", type_=SESSIONS.c[name].type) for name in _CHANGED})
)
"""Of a session that is as it was known to be."""
DELETE: Final = delete(SESSIONS).where(*_is_ours)

PUT_MESSAGES: Final = plain_insert(MESSAGES)
DROP_PROMPT: Final = delete(MESSAGES).where(MESSAGES.c.session_key == bindparam("key"), MESSAGES.c.position == 0)
DROP_END: Final = delete(MESSAGES).where(
    MESSAGES.c.session_key == bindparam("key"), MESSAGES.c.position >= bindparam("first")
)
DROP_WORDS: Final = delete(WORDS).where(
    WORDS.c.session_key == bindparam("key"),
    WORDS.c.source == bindparam("of_source"),
    WORDS.c.position >= bindparam("first"),
)
_first: Final = bindparam("first", type_=Integer)
_words: Final = func.json_each(bindparam("words", type_=JSON)).table_valued("key", "value")
_place_of_word: Final = cast(cast(_words.c.value, Text), Integer)
_bodies: Final = (
    func.unnest(bindparam("bodies", type_=ARRAY(Text)))
    .table_valued("body", with_ordinality="number")
    .render_derived(name="bodies")
)


def _add_words(rows: Select[tuple[int, str, int, int]]) -> Insert:
    """Those that the session has already stay as they are: they stand further in front."""
    return insert(WORDS).from_select(["session_key", "word", "source", "position"], rows).on_conflict_do_nothing()


ADD_WORDS: Final = _add_words(
    select(
        bindparam("of_session", type_=BigInteger),
        _words.c.key,
        bindparam("of_source", type_=SmallInteger),
        _place_of_word + _first,
    ).where(true())  # Without a WHERE, SQLite takes the ON that follows for that of a join.
)


def _with_new_rows(session: CTE, first: ColumnElement[int]) -> Select[tuple[int, int]]:
    """The statement that changes a session's row as `session` does, and adds messages from the position `first` on."""
    messages = plain_insert(MESSAGES).from_select(
        ["session_key", "position", "body"],
        select(session.c.key, first + _bodies.c.number - 1, _bodies.c.body).select_from(session.join(_bodies, true())),
    )
    words = _add_words(
        select(session.c.key, _words.c.key, literal(IN_MESSAGES, SmallInteger), first + _place_of_word).select_from(
            session.join(_words, true())
        )
    )
    return select(session.c.key, session.c.revision).add_cte(messages.cte("new_messages"), words.cte("new_words"))


_grown = GROW.cte("changed")
_changed = CHANGE.returning(SESSIONS.c.key, SESSIONS.c.revision).cte("changed")
GROW_AT_ONCE: Final = _with_new_rows(_grown, _grown.c.next_position - _count)
CHANGE_AT_ONCE: Final = _with_new_rows(_changed, _first)
