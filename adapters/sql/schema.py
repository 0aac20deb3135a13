"""Whether the tables are those of this program, and making them so."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, column, inspect, select, table, text

from domain.errors import StorageFailed

VERSION_TABLE: Final = "mochi_schema_version"
REVISIONS: Final = ("0001", "0002")
"""Those in `migrations/versions`, in their order. Alembic, which knows them too, takes long to import."""

_UPGRADING: Final = 0x6D6F636869
"""The advisory lock of PostgreSQL that those who upgrade take in turn."""


def require_current(connection: Connection) -> None:
    """Raises StorageFailed where the tables are older or newer than this program."""
    if _found(connection) != REVISIONS[-1]:
        raise StorageFailed(
            "The database has no tables of this version of mochi-server yet. Make them by "
            "`mochi-server storage upgrade` with MOCHI_STORAGE=sql and the database's address in MOCHI_DATABASE_URL, "
            "then try again."
        )


def make_current(connection: Connection) -> bool:
    """Whether there was anything to do. Raises StorageFailed where the tables are newer than this program."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADING})"))
    if _found(connection) == REVISIONS[-1]:
        return False
    upgrade_to(connection, REVISIONS[-1])
    return True


def _found(connection: Connection) -> str | None:
    """The version of the tables, None where there are none. Raises StorageFailed where it is a newer program's."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))
    if found is not None and found not in REVISIONS:
        raise StorageFailed(
            "The database was upgraded by a newer version of mochi-server. Update the program to use it."
        )
    return found


def upgrade_to(connection: Connection, revision: str) -> None:
    """Take the steps up to that one, which is not behind."""
    # A sixth of a second, for what is needed once in a version's life.
    from alembic import command  # noqa: PLC0415 - for that reason
    from alembic.config import Config  # noqa: PLC0415 - likewise

    config = Config(attributes={"connection": connection, "version_table": VERSION_TABLE})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    command.upgrade(config, revision)
