"""Whether the database takes writes."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert

from adapters.sql.database import Database
from adapters.sql.run_rows import RUNS
from application.ports import storage_probe as ports

_PUT: Final = insert(RUNS)
_TAKE_AWAY: Final = delete(RUNS).where(RUNS.c.run_id == bindparam("probe_id"))


class SqlStorageProbe(ports.StorageProbe):
    """The database is opened and closed by others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def try_writing(self) -> None:
        """In one transaction, so that nobody ever sees the row; what was written is synced all the same."""
        await self._database.write(self._write)

    def _write(self, connection: Connection) -> None:
        probe_id = f"probe {self._database.instance_id}"
        row = {"run_id": probe_id, "session_id": probe_id, "owner": self._database.instance_id, "is_open": False}
        connection.execute(_PUT, {**row, "created_at": datetime.now(UTC), "ended_at": None, "body": ""})
        connection.execute(_TAKE_AWAY, {"probe_id": probe_id})
