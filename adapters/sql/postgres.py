"""A PostgreSQL server.

asyncpg never waits in the event loop's thread, so operations are carried out in it, as SQLAlchemy's greenlets.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from adapters.sql import schema
from adapters.sql.database import Danger, Database, Operation, Result
from adapters.sql.postgres_engine import carry_out, new_engine
from adapters.sql.postgres_lock import PostgresInstanceLock
from application.owned_task import finish_despite_cancellation

_CONNECTIONS: Final = 5
_CONNECTIONS_AT_MOST: Final = 10
_QUICK_CONNECTIONS: Final = 4

_HELD: Final = (
    "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 "
    "AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_LIVING: Final = text(_HELD)
_TAKE_TURN: Final = text(
    f"SELECT CAST(:number AS bigint) IN ({_HELD}) "  # noqa: S608 - all parts are ours
    "FROM pg_advisory_xact_lock(hashtextextended(:session_id, 0))"
)


class PostgresDatabase(Database):
    """A server that went away and came back is worked with again by the next call."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._engine = new_engine(url, pool_size=_CONNECTIONS, max_overflow=_CONNECTIONS_AT_MOST - _CONNECTIONS)
        self._quick_engine = new_engine(url, pool_size=_QUICK_CONNECTIONS, max_overflow=0, waits_for_disk=False)
        self._snapshots = self._engine.execution_options(isolation_level="REPEATABLE READ")
        self._single = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._quick_single = self._quick_engine.execution_options(isolation_level="AUTOCOMMIT")
        self._lock = PostgresInstanceLock(url)

    @property
    def instance_id(self) -> str:
        return f"{self._lock.number:016x}"

    async def upgrade(self) -> bool:
        # Without a limit: what changes the rows of very many sessions or runs would fail by it each time. Who does not
        # want to wait so long cancels it, and finds the tables as they were.
        engine = new_engine(self._url, limits_answers=False, poolclass=NullPool)
        return await carry_out(engine, schema.make_current)

    async def open(self) -> None:
        await self.read(schema.require_current)
        await self._lock.acquire()

    async def aclose(self) -> None:
        await self._lock.release()
        await self._quick_engine.dispose()
        await self._engine.dispose()

    async def read(self, operation: Operation[Result]) -> Result:
        return await finish_despite_cancellation(carry_out(self._snapshots, operation))

    async def look(self, operation: Operation[Result]) -> Result:
        return await finish_despite_cancellation(carry_out(self._single, operation))

    async def write(
        self, operation: Operation[Result], *, outlives: Danger = "power cut", is_one: bool = False
    ) -> Result:
        if outlives == "kill":
            engine = self._quick_single if is_one else self._quick_engine
        else:
            engine = self._single if is_one else self._engine
        return await finish_despite_cancellation(carry_out(engine, operation))

    def take_turn(self, connection: Connection, session_id: str) -> bool:
        hold = self._lock.hold  # Another may take its place meanwhile, of which this says nothing.
        given = {"number": self._lock.number, "session_id": session_id}
        is_known = bool(connection.execute(_TAKE_TURN, given).scalar_one())
        if hold and not is_known:
            hold.is_lost.set()
        return is_known

    def living(self, connection: Connection, instances: Collection[str]) -> Collection[str]:
        held = set(connection.execute(_LIVING).scalars())
        return {instance for instance in instances if int(instance, 16) in held}
