"""The address of a database, as people write it and as SQLAlchemy takes it."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

DATABASE_FILE: Final = "mochi.db"
"""In the data folder."""

_FORM: Final = "an address looks like sqlite:///mochi.db or postgresql://user:password@host:5432/name"
_SQLITE: Final = frozenset({"sqlite", "sqlite+pysqlite", "sqlite+aiosqlite"})
_POSTGRESQL: Final = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})
_HOST_AND_PORT: Final = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^:\[\]]*)(?::[0-9]{1,5})?")
_OPTIONS: Final = frozenset({"host", "port", "ssl", "sslmode"})


def database_url_of(text: str | None, data_dir: Path) -> str:
    """A URL of SQLAlchemy's; the SQLite file of the data folder where there is no `text`. Raises ValueError.

    What is told in the error never comes from `text`, which may hold a password.
    """
    if text is None:
        return f"sqlite:///{data_dir / DATABASE_FILE}"
    scheme, _, rest = text.partition("://")
    if scheme in _SQLITE:
        return f"sqlite:///{data_dir / _sqlite_file(rest)}"
    if scheme in _POSTGRESQL:
        return f"postgresql+asyncpg://{_checked_postgresql(rest)}"
    if scheme.startswith("postgresql+"):
        raise ValueError("the driver for PostgreSQL is asyncpg; write postgresql://")
    raise ValueError(f"the databases are SQLite and PostgreSQL; {_FORM}")


def _sqlite_file(rest: str) -> str:
    if not rest.startswith("/"):
        raise ValueError("a file is named behind three slashes, as in sqlite:///mochi.db, or four from the root on")
    path = rest[1:]
    if path in {"", ":memory:"} or "?" in path:
        raise ValueError("it must name a file, without options; for nothing that lasts there is the storage `memory`")
    return path


def _checked_postgresql(rest: str) -> str:
    """Libpq's `sslmode` is asyncpg's `ssl`."""
    address, _, query = rest.partition("?")
    if not _HOST_AND_PORT.fullmatch(address.partition("/")[0].rpartition("@")[2]):
        raise ValueError(f"its host or port is wrong; {_FORM}")
    options = {name for name, _ in parse_qsl(query)}
    if not options <= _OPTIONS:
        raise ValueError(f"its options can be {', '.join(sorted(_OPTIONS))}")
    return re.sub(r"(\?|&)sslmode=", r"\1ssl=", rest)
