"""Sessions and messages as rows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Identity, Index, Integer, Text
from sqlmodel import Field

from adapters.codec.errors import NotDecodable, NotEncodable
from adapters.codec.fields import read_object, read_text
from adapters.codec.json_text import parse, render
from adapters.codec.messages import encode_message
from adapters.codec.sessions import encode_head, encode_metadata, session_of_document
from adapters.sql.row import BYTEWISE, KEY, Row, Values, session_key_column, table_of
from adapters.sql.utc_time import UtcTime
from domain.errors import StorageFailed
from domain.json_value import JsonValue
from domain.message import Message, SystemMessage, ToolMessage, UserMessage
from domain.session import PREVIEW_CHARACTERS, Session, SessionOverview, overview_of

_IN_COLUMNS: Final = frozenset({"created_at", "updated_at", "message_count"})


class SessionRow(Row, table=True):
    """A session without its messages. `preview` and `document` are JSON; `document` is the head of the session file.

    `key` is never used again, so that (`key`, `revision`) names one state of one session for ever. `next_position`
    is that of the next message that is appended.
    """

    __tablename__ = "mochi_sessions"
    __table_args__ = (
        Index("mochi_sessions_by_id", "collection", "session_id", unique=True),
        Index("mochi_sessions_by_age", "collection", "updated_at", "session_id"),
        {"sqlite_autoincrement": True},
    )

    key: int | None = Field(default=None, sa_column=Column(KEY, Identity(), primary_key=True))
    collection: str = Field(sa_column=Column(BYTEWISE, nullable=False))
    session_id: str = Field(sa_column=Column(BYTEWISE, nullable=False))
    revision: int = Field(sa_column=Column(Integer, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    message_count: int = Field(sa_column=Column(Integer, nullable=False))
    next_position: int = Field(sa_column=Column(Integer, nullable=False))
    preview: str | None = Field(sa_column=Column(Text))
    document: str = Field(sa_column=Column(Text, nullable=False))

    @staticmethod
    def of(session: Session) -> Values:
        """What changes with the session's content; raises StorageFailed for what JSON cannot hold."""
        has_prompt = bool(session.messages) and isinstance(session.messages[0], SystemMessage)
        metadata = {name: value for name, value in encode_metadata(session).items() if name not in _IN_COLUMNS}
        return {
            "created_at": session.created_at,
            "updated_at": session.updated_at,
            "message_count": session.message_count,
            "next_position": session.message_count + (not has_prompt),
            "preview": preview_of(session.messages),
            "document": json_of({**encode_head(session), "metadata": metadata}),
        }

    @staticmethod
    def to_domain(row: Any, bodies: Sequence[str]) -> Session:
        """`row` has this table's columns, `bodies` are those of its messages. Raises NotDecodable."""
        messages = parse(f"[{','.join(bodies)}]".encode())
        if row.message_count != len(bodies):
            raise NotDecodable("messages of it are missing")
        session = _session_of(row, messages)
        if session.session_id != row.session_id:
            raise NotDecodable("its session_id is not the one that it is kept under")
        return replace(session, created_at=row.created_at, updated_at=row.updated_at)

    @staticmethod
    def to_overview(row: Any) -> SessionOverview:
        """Raises NotDecodable."""
        session = _session_of(row, [])
        preview = "" if row.preview is None else read_text(parse(row.preview.encode()), "preview")
        return replace(
            overview_of(session),
            session_id=row.session_id,
            created_at=row.created_at,
            updated_at=row.updated_at,
            message_count=row.message_count,
            preview=preview,
        )


class MessageRow(Row, table=True):
    """A message, `body` as in a session file. The session's system prompt stands at 0, all else from 1 on."""

    __tablename__ = "mochi_messages"

    session_key: int = Field(sa_column=session_key_column())
    position: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    body: str = Field(sa_column=Column(Text, nullable=False))

    @staticmethod
    def body_of(message: Message) -> str:
        """A result names its call in each case: the rows before it need not be read to know. Raises StorageFailed."""
        raw = encode_message(message)
        if isinstance(message, ToolMessage):
            raw["tool_call_id"] = message.tool_call_id
        return json_of(raw)


SESSIONS: Final = table_of(SessionRow)
MESSAGES: Final = table_of(MessageRow)


def _session_of(row: Any, messages: JsonValue) -> Session:
    """Raises NotDecodable."""
    head = read_object(parse(row.document.encode()), "the session")
    return session_of_document({**head, "messages": messages})


def preview_of(messages: Iterable[Message]) -> str | None:
    """None where there is no user message, so that the first that is appended can be put there."""
    first = next((message for message in messages if isinstance(message, UserMessage)), None)
    return json_of(first.content[:PREVIEW_CHARACTERS]) if first else None


def json_of(value: Any) -> str:
    """Raises StorageFailed for what JSON cannot hold."""
    try:
        return render(value).decode()
    except NotEncodable:
        raise StorageFailed("The session holds something that JSON cannot, such as very deep nesting.") from None
