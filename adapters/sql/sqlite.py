"""A database in a file of this machine's.

SQLite waits in the calling thread, so whole transactions are carried out in threads: an asynchronous driver, which
does that for each call, took three times the processor time.
"""

import sqlite3
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.pool import NullPool

from adapters.instance_lock import InstanceLock
from adapters.sql import schema
from adapters.sql.database import Danger, Database, Operation, Result
from adapters.sql.failures import database_failures, sqlite_error_name
from adapters.sql.sqlite_writer import SqliteWriter
from adapters.thread_worker import ThreadWorker

_READERS: Final = 4
_IS_ONE: Final = "is_one"
"""An execution option: a single statement that reads sees one state of the database by itself."""
_LONGEST_WAIT_SECONDS: Final = 30
"""How long another process may write meanwhile."""


class SqliteDatabase(Database):
    """One thread writes, in the order of the calls; readers see the state before it. Processes take turns."""

    def __init__(self, file: Path) -> None:
        self._file = file
        writing = self._engine("BEGIN IMMEDIATE", poolclass=NullPool)
        self._writer = SqliteWriter(writing)
        self._reader = self._engine("BEGIN", pool_size=_READERS, max_overflow=0)
        self._looker = self._reader.execution_options(**{_IS_ONE: True})
        self._writing = ThreadWorker("sql-writer", 1)
        self._reading = ThreadWorker("sql-reader", _READERS)
        self._lock = InstanceLock(file.with_name(f"{file.name}-servers"))

    @property
    def instance_id(self) -> str:
        return self._lock.instance_id

    async def upgrade(self) -> bool:
        return await self._writing.run(self._upgrade)

    async def open(self) -> None:
        """A file of this machine's is nobody else's business: its tables are upgraded without being asked."""
        await self._writing.run(self._open)

    async def aclose(self) -> None:
        await self._writing.aclose()
        await self._reading.aclose()
        self._lock.release()
        self._reader.dispose()
        self._writer.close()

    async def read(self, operation: Operation[Result]) -> Result:
        return await self._reading.run(partial(_carry_out, self._reader, operation))

    async def look(self, operation: Operation[Result]) -> Result:
        return await self._reading.run(partial(_carry_out, self._looker, operation))

    async def write(
        self,
        operation: Operation[Result],
        *,
        outlives: Danger = "power cut",
        is_one: bool = False,  # noqa: ARG002 - a statement does not hold others here
    ) -> Result:
        is_synced = outlives == "power cut"
        return await self._writing.run(partial(self._writer.carry_out, operation, is_synced=is_synced))

    def take_turn(self, connection: Connection, session_id: str) -> bool:  # noqa: ARG002 - all who write take turns
        return self._lock.is_alive(self.instance_id)

    def living(self, connection: Connection, instances: Collection[str]) -> Collection[str]:  # noqa: ARG002 - files tell
        return {instance for instance in instances if self._lock.is_alive(instance)}

    def _engine(self, begin: str, **options: Any) -> Engine:
        engine = create_engine(
            URL.create("sqlite", database=str(self._file)),
            connect_args={"timeout": _LONGEST_WAIT_SECONDS},
            json_serializer=str,  # It is text already.
            **options,
        )
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", partial(self._begin, begin))
        event.listen(engine, "handle_error", self._look_at_failure)
        return engine

    def _begin(self, begin: str, connection: Connection) -> None:
        """By the driver itself: as a statement of SQLAlchemy's it took as long as the one that follows."""
        if connection.get_execution_options().get(_IS_ONE):
            return
        driver: Any = connection.connection.driver_connection
        try:
            driver.execute(begin).close()
        except sqlite3.Error as error:
            self._open_anew_if_read_only(error)
            raise

    def _look_at_failure(self, context: ExceptionContext) -> None:
        if self._open_anew_if_read_only(context.original_exception):
            context.is_disconnect = True

    def _open_anew_if_read_only(self, error: BaseException) -> bool:
        """Where a file cannot be opened for writing, SQLite opens it for reading, without a word.

        That a disk failed for a moment would be the end of all writing then. All connections go, as they share what
        SQLite knows of the log.
        """
        is_read_only = sqlite_error_name(error).startswith("SQLITE_READONLY")
        if is_read_only:
            self._reader.dispose()
            self._writer.is_outdated = True
        return is_read_only

    def _upgrade(self) -> bool:
        with database_failures():
            self._file.parent.mkdir(parents=True, exist_ok=True)
        return self._writer.carry_out(schema.make_current)

    def _open(self) -> None:
        self._upgrade()
        with database_failures():
            self._lock.folder.mkdir(exist_ok=True)
            self._lock.acquire()


def _carry_out(engine: Engine, operation: Operation[Result]) -> Result:
    with database_failures(), engine.begin() as connection:
        return operation(connection)


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # Python's sqlite3 would else begin transactions by itself, too late: only at the first write.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL").close()
    connection.execute("PRAGMA synchronous = FULL").close()
    # Else what undoes a statement that fails amid its rows goes to a file, which took a third of the time of new words.
    connection.execute("PRAGMA temp_store = MEMORY").close()
    connection.execute("PRAGMA foreign_keys = ON").close()
