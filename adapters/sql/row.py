"""What the tables of all kinds share."""

from typing import Any, Final, TypeAlias

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Text
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

KEY: Final = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers the rows of a table by itself only where the key is an INTEGER."""

BYTEWISE: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""Text in the order of its bytes, which is that of its characters: SQLite's own order."""

Values: TypeAlias = dict[str, object]
"""What is inserted: a table class's object, which checks nothing, would cost more than the insert itself."""


class Row(SQLModel, registry=registry()):
    """In a registry of its own, as a program that embeds the server may have SQLModel tables too.

    What is kept as JSON is text: NUL, which PostgreSQL refuses in text and in jsonb, is `\\u0000` in it.
    """


def table_of(row: type[Row]) -> Table:
    return Row.metadata.tables[str(row.__tablename__)]


def session_key_column() -> Column[Any]:
    return Column(KEY, ForeignKey("mochi_sessions.key", ondelete="CASCADE"), primary_key=True, autoincrement=False)
