"""Which database an address means."""

from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from adapters.sql.database import Database
from adapters.sql.postgres import PostgresDatabase
from adapters.sql.sqlite import SqliteDatabase

_SQLITE: Final = "sqlite:///"


def database_at(url: str) -> Database:
    """`url` is `sqlite:///FILE`, whatever signs the file's name has, or `postgresql+asyncpg://…`."""
    if url.startswith(_SQLITE):
        return SqliteDatabase(Path(url.removeprefix(_SQLITE)))
    return PostgresDatabase(make_url(url))
