"""A database in a file of this machine's.

SQLite waits in the calling thread, so whole transactions are carried out in threads: an asynchronous driver, which
does that for each call, took three times the processor time.
"""

import sqlite3
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext

from adapters.instance_lock import InstanceLock
from adapters.sql import schema
from adapters.sql.database import Danger, Database, Operation, Result, json_text
from adapters.sql.failures import database_failures, sqlite_error_name
from adapters.thread_worker import ThreadWorker

_READERS: Final = 4
_SYNCHRONOUS: Final = "synchronous"
"""An execution option: how a transaction's log is synced, where not FULL. A connection notes under it how it is set."""
_LONGEST_WAIT_SECONDS: Final = 30
"""How long another process may write meanwhile."""


class SqliteDatabase(Database):
    """One thread writes, in the order of the calls; readers see the state before it. Processes take turns."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._writer = _engine(file, begin="BEGIN IMMEDIATE", connections=1)
        # The log of changes is not synced then, which took a third of the processor time of a small write.
        self._quick_writer = self._writer.execution_options(**{_SYNCHRONOUS: "NORMAL"})
        self._reader = _engine(file, begin="BEGIN", connections=_READERS)
        self._engines = (self._reader, self._writer)
        for engine in self._engines:
            event.listen(engine, "handle_error", self._open_anew_if_read_only)
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
        self._close_idle_connections()

    async def read(self, operation: Operation[Result]) -> Result:
        return await self._reading.run(partial(_carry_out, self._reader, operation))

    async def look(self, operation: Operation[Result]) -> Result:
        return await self.read(operation)

    async def write(
        self,
        operation: Operation[Result],
        *,
        outlives: Danger = "power cut",
        is_one: bool = False,  # noqa: ARG002 - a transaction costs next to nothing here
    ) -> Result:
        engine = self._writer if outlives == "power cut" else self._quick_writer
        return await self._writing.run(partial(_carry_out, engine, operation))

    def take_turn(self, connection: Connection, session_id: str) -> bool:  # noqa: ARG002 - all who write take turns
        return self._lock.is_alive(self.instance_id)

    def living(self, connection: Connection, instances: Collection[str]) -> Collection[str]:  # noqa: ARG002 - files tell
        return {instance for instance in instances if self._lock.is_alive(instance)}

    def _open_anew_if_read_only(self, context: ExceptionContext) -> None:
        """Where a file cannot be opened for writing, SQLite opens it for reading, without a word.

        That a disk failed for a moment would be the end of all writing then. All connections go, as they share what
        SQLite knows of the log.
        """
        if sqlite_error_name(context.original_exception).startswith("SQLITE_READONLY"):
            context.is_disconnect = True
            self._close_idle_connections()

    def _close_idle_connections(self) -> None:
        for engine in self._engines:
            engine.dispose()

    def _upgrade(self) -> bool:
        with database_failures():
            self._file.parent.mkdir(parents=True, exist_ok=True)
        return _carry_out(self._writer, schema.make_current)

    def _open(self) -> None:
        self._upgrade()
        with database_failures():
            self._lock.folder.mkdir(exist_ok=True)
            self._lock.acquire()


def _carry_out(engine: Engine, operation: Operation[Result]) -> Result:
    with database_failures(), engine.begin() as connection:
        return operation(connection)


def _engine(file: Path, *, begin: str, connections: int) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        pool_size=connections,
        max_overflow=0,
        connect_args={"timeout": _LONGEST_WAIT_SECONDS},
        json_serializer=json_text,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", partial(_begin, begin))
    return engine


def _begin(begin: str, connection: Connection) -> None:
    """All that is written goes through one connection, synced or not: each forgets its pages where another writes."""
    wanted = connection.get_execution_options().get(_SYNCHRONOUS, "FULL")
    if connection.info.get(_SYNCHRONOUS, "FULL") != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous = {wanted}")
        connection.info[_SYNCHRONOUS] = wanted
    connection.exec_driver_sql(begin)


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # Python's sqlite3 would else begin transactions by itself, too late: only at the first write.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL").close()
    connection.execute("PRAGMA synchronous = FULL").close()
    # Else what undoes a statement that fails amid its rows goes to a file, which took a third of the time of new words.
    connection.execute("PRAGMA temp_store = MEMORY").close()
    connection.execute("PRAGMA foreign_keys = ON").close()
