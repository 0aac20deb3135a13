"""A PostgreSQL server.

asyncpg never waits in the event loop's thread, so operations are carried out in it, as SQLAlchemy's greenlets.
"""

import asyncio
import secrets
from collections.abc import Collection
from contextlib import AsyncExitStack
from typing import Any, Final

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import greenlet_spawn

from adapters.sql import schema
from adapters.sql.database import Danger, Database, Operation, Result, json_text
from adapters.sql.failures import database_failures
from application.owned_task import finish_despite_cancellation
from domain.errors import StorageFailed

_CONNECTIONS: Final = 5
_CONNECTIONS_AT_MOST: Final = 10
_QUICK_CONNECTIONS: Final = 4
_CONNECT_SECONDS: Final = 10
_LONGEST_ANSWER_SECONDS: Final = 30
_PAUSE_SECONDS: Final = 0.5

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
        self._engine = new_engine(url, pool_size=_CONNECTIONS, max_overflow=_CONNECTIONS_AT_MOST - _CONNECTIONS)
        self._quick_engine = new_engine(url, pool_size=_QUICK_CONNECTIONS, max_overflow=0, waits_for_disk=False)
        self._snapshots = self._engine.execution_options(isolation_level="REPEATABLE READ")
        self._single = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._quick_single = self._quick_engine.execution_options(isolation_level="AUTOCOMMIT")
        self._lock = _InstanceLock(url)

    @property
    def instance_id(self) -> str:
        return f"{self._lock.number:016x}"

    async def upgrade(self) -> bool:
        return await self.write(schema.make_current)

    async def open(self) -> None:
        await self.read(schema.require_current)
        await self._lock.acquire()

    async def aclose(self) -> None:
        await self._lock.release()
        await self._quick_engine.dispose()
        await self._engine.dispose()

    async def read(self, operation: Operation[Result]) -> Result:
        return await finish_despite_cancellation(_carry_out(self._snapshots, operation))

    async def look(self, operation: Operation[Result]) -> Result:
        return await finish_despite_cancellation(_carry_out(self._single, operation))

    async def write(
        self, operation: Operation[Result], *, outlives: Danger = "power cut", is_one: bool = False
    ) -> Result:
        if outlives == "kill":
            engine = self._quick_single if is_one else self._quick_engine
        else:
            engine = self._single if is_one else self._engine
        return await finish_despite_cancellation(_carry_out(engine, operation))

    def take_turn(self, connection: Connection, session_id: str) -> bool:
        given = {"number": self._lock.number, "session_id": session_id}
        return bool(connection.execute(_TAKE_TURN, given).scalar_one())

    def living(self, connection: Connection, instances: Collection[str]) -> Collection[str]:
        held = set(connection.execute(_LIVING).scalars())
        return {instance for instance in instances if int(instance, 16) in held}


class _InstanceLock:
    """An advisory lock that a connection of its own holds: the server lets go of it when this process is gone."""

    def __init__(self, url: URL) -> None:
        self.number = secrets.randbits(63)
        self._engine = new_engine(url, pool_size=1, isolation_level="AUTOCOMMIT")
        self._held: AsyncExitStack | None = None
        self._acquiring: asyncio.Task[None] | None = None

    async def acquire(self) -> None:
        """Raises StorageFailed. From here on, a lock that is lost with its connection is taken again."""
        with database_failures():
            async with AsyncExitStack() as stack:
                connection = await stack.enter_async_context(self._engine.connect())
                await connection.execute(text(f"SELECT pg_advisory_lock({self.number})"))
                driver: Any = (await connection.get_raw_connection()).driver_connection
                driver.add_termination_listener(self._lost)
                self._held = stack.pop_all()

    async def release(self) -> None:
        if self._acquiring:
            self._acquiring.cancel()
            await asyncio.wait([self._acquiring])
        await self._let_go()
        with database_failures():
            await self._engine.dispose()

    async def _let_go(self) -> None:
        held, self._held = self._held, None
        if held:
            with database_failures():
                await held.aclose()

    def _lost(self, _driver: object) -> None:
        if self._held is not None:
            self._acquiring = asyncio.get_running_loop().create_task(self._acquire_again())

    async def _acquire_again(self) -> None:
        while True:
            try:
                await self._let_go()
                await self.acquire()
            except StorageFailed:
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return


def new_engine(url: URL, *, waits_for_disk: bool = True, **options: Any) -> AsyncEngine:
    # Just-in-time compilation is for queries of seconds: here it only makes some of milliseconds slow.
    settings = {"application_name": "mochi-server", "jit": "off"}
    arguments = {
        "timeout": _CONNECT_SECONDS,
        "command_timeout": _LONGEST_ANSWER_SECONDS,
        "server_settings": settings if waits_for_disk else {**settings, "synchronous_commit": "off"},
    }
    engine = create_async_engine(url, connect_args=arguments, json_serializer=json_text, **options)
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


async def _carry_out(engine: AsyncEngine, operation: Operation[Result]) -> Result:
    """In one greenlet from the connection's checkout to its return: an AsyncConnection takes one for each step, which
    was a quarter of what a single statement costs."""
    with database_failures():
        return await greenlet_spawn(_within_transaction, engine.sync_engine, operation)


def _within_transaction(engine: Engine, operation: Operation[Result]) -> Result:
    with engine.begin() as connection:
        return operation(connection)


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool take another connection for one that the server has closed: unlike a ping, this costs nothing."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
