"""The one connection that writes to SQLite's file."""

from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from adapters.sql.database import Operation, Result
from adapters.sql.failures import DATABASE_ERRORS, database_failures


class SqliteWriter:
    """Kept open, for one thread at a time: to take a connection from a pool took half of a small transaction's time.

    Synced or not, all goes through it, as a connection forgets its pages where another has written. `engine` has no
    pool. Whoever finds that the connection is of no use any more says so by `is_outdated`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._is_synced = True
        self.is_outdated = False

    def carry_out(self, operation: Operation[Result], *, is_synced: bool = True) -> Result:
        """Without a sync the transaction outlives the process alone, which takes a third less of a small write."""
        with database_failures():
            if self.is_outdated:
                self.close()
            try:
                connection = self._opened(is_synced=is_synced)
                with connection.begin():
                    return operation(connection)
            except DATABASE_ERRORS:
                self.close()  # The next transaction has a new one, whatever befell this.
                raise

    def close(self) -> None:
        connection, self._connection = self._connection, None
        self._is_synced, self.is_outdated = True, False
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.close()

    def _opened(self, *, is_synced: bool) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        if self._is_synced != is_synced:
            driver: Any = self._connection.connection.driver_connection
            driver.execute(f"PRAGMA synchronous = {'FULL' if is_synced else 'NORMAL'}").close()
            self._is_synced = is_synced
        return self._connection
