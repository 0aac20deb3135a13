"""What databases say, as errors of the domain."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from domain.errors import StorageFailed

_REASONS = {
    "SQLITE_BUSY": "another process holds it and does not let go",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "it may not be written to",
    "SQLITE_IOERR": "its disk fails",
    "SQLITE_CORRUPT": "its file is damaged",
    "SQLITE_NOTADB": "its file is no database",
    "SQLITE_CANTOPEN": "its file cannot be opened",
    "28": "it refuses the user or the password",
    "3D": "there is no database of that name",
    "42P01": "tables are missing; run `mochi-server storage upgrade`",
    "42501": "it refuses the user the rights that are needed",
    "53100": "its disk is full",
    "53300": "it has too many connections",
    "57014": "it took too long",
}
"""By the beginning of SQLite's name of an error, or of PostgreSQL's SQLSTATE."""


DATABASE_ERRORS: Final = (SQLAlchemyError, OSError, sqlite3.Error)
"""What SQLAlchemy and the drivers raise."""


@contextmanager
def database_failures() -> Iterator[None]:
    """Turn what a database or its driver raises within into StorageFailed, which names no address and no path."""
    try:
        yield
    except DATABASE_ERRORS as error:
        raise StorageFailed(f"The database failed: {_reason(error)}. Check it and try again.") from error


def sqlite_error_name(error: BaseException | None) -> str:
    """Empty for what SQLite did not say."""
    return getattr(error, "sqlite_errorname", "")


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, NoConnectionFree):
        return "all connections to it are taken"
    if not isinstance(error, DBAPIError | sqlite3.Error):
        return "it cannot be reached"
    original = error.orig if isinstance(error, DBAPIError) else error
    said = sqlite_error_name(original) or getattr(original, "sqlstate", None) or ""
    known = next((reason for code, reason in _REASONS.items() if said.startswith(code)), None)
    return known or (f"it said {said}" if said else "the connection to it is lost")
