"""The words by which sessions are found, as rows, and as keys that an index can hold.

PostgreSQL's indexes refuse values of more than 2.7 kB, and a text may hold a word of any length. So a long word is
kept in pieces, each under a digest of all that is before it: whatever begins the word begins one of its pieces so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from sqlalchemy import Column, Index, Integer, SmallInteger
from sqlmodel import Field

from adapters.sql.row import BYTEWISE, Row, session_key_column, table_of
from domain.message import Message
from domain.search import words_of_session
from domain.session import Session, Summary

IN_MESSAGES: Final = 0
IN_SUMMARY: Final = 1
NO_WORDS: Final = "{}"
"""What statements are given where there are none."""
PIECE_CHARACTERS: Final = 200
_LAST_CHARACTER: Final = "\U0010ffff"
_NOWHERE: Final = Session(
    session_id="", model="", created_at=datetime.min.replace(tzinfo=UTC), updated_at=datetime.min.replace(tzinfo=UTC)
)


class WordRow(Row, table=True):
    """A word of a session; `source` is IN_MESSAGES or IN_SUMMARY, and there is one row for each.

    `position` is the first message's that has the word: where the end of a history goes, its words go by that.
    """

    __tablename__ = "mochi_words"
    __table_args__ = (Index("mochi_words_by_word", "word", "session_key"), {"sqlite_with_rowid": False})

    session_key: int = Field(sa_column=session_key_column())
    word: str = Field(sa_column=Column(BYTEWISE, primary_key=True))
    source: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    position: int = Field(sa_column=Column(Integer, nullable=False))


WORDS: Final = table_of(WordRow)


def keys_of_messages(messages: Iterable[Message], first_position: int) -> dict[str, int]:
    """The keys of all words in `messages`, with the position of the first message that has each."""
    keys: dict[str, int] = {}
    for position, message in enumerate(messages, first_position):
        for key in _keys_of(replace(_NOWHERE, messages=(message,))):
            keys.setdefault(key, position)
    return keys


def keys_of_summary(summary: Summary | None) -> dict[str, int]:
    return dict.fromkeys(_keys_of(replace(_NOWHERE, summary=summary)), 0)


def range_of(query_word: str) -> tuple[str, str]:
    """Between which keys, the first included, those of the words lie that begin with `query_word`."""
    *_, last = _pieces(query_word)
    return last, last + _LAST_CHARACTER


def _keys_of(session: Session) -> Iterator[str]:
    for word in words_of_session(session):
        yield from _pieces(word)


def _pieces(word: str) -> Iterator[str]:
    yield word[:PIECE_CHARACTERS]
    digest = blake2b(digest_size=16)
    for start in range(PIECE_CHARACTERS, len(word), PIECE_CHARACTERS):
        digest.update(word[start - PIECE_CHARACTERS : start].encode())
        yield f"#{digest.hexdigest()}{word[start : start + PIECE_CHARACTERS]}"
