"""How PostgreSQL servers tell which of the programs that share them live."""

import asyncio
import secrets
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from adapters.sql.failures import DATABASE_ERRORS, database_failures
from adapters.sql.postgres_engine import new_engine
from domain.errors import StorageFailed

_LOOK_SECONDS: Final = 15
_ANSWER_SECONDS: Final = 10
_PAUSE_SECONDS: Final = 0.5


class Hold:
    """The lock, as one connection has it. `is_lost` is set by whoever finds that the server does not know of it."""

    def __init__(self, driver: Any, connection: AsyncExitStack) -> None:
        self.is_lost = asyncio.Event()
        self._driver = driver
        self._connection = connection
        driver.add_termination_listener(self._on_termination)

    async def until_lost(self) -> None:
        """Nobody tells of a connection whose path has forgotten it, so it is asked from time to time."""
        while not self.is_lost.is_set():
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self.is_lost.wait()
            except TimeoutError:
                await self._look()

    async def let_go(self) -> None:
        if self.is_lost.is_set():
            self._driver.terminate()  # To take leave of one that does not answer would take long.
        with suppress(*DATABASE_ERRORS):
            await self._connection.aclose()

    async def _look(self) -> None:
        # By the driver, as SQLAlchemy would close the connection at once: it may be slow, and have the lock still.
        try:
            await self._driver.fetchval("SELECT 1", timeout=_ANSWER_SECONDS)
        except Exception:  # noqa: BLE001 - whatever befell it, another connection is needed
            self.is_lost.set()

    def _on_termination(self, _driver: object) -> None:
        self.is_lost.set()


class PostgresInstanceLock:
    """An advisory lock that a connection of its own holds: the server lets go of it when this process is gone.

    It is a shared one, though nobody shares it: where a connection is lost, the next has the lock before the server,
    which may hear of it late or not at all, has taken it from the other.
    """

    def __init__(self, url: URL) -> None:
        self.number = secrets.randbits(63)
        self.hold: Hold | None = None
        self._engine = new_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._keeping: asyncio.Task[None] | None = None

    async def acquire(self) -> None:
        """Raises StorageFailed. From here on, a lock that is lost is taken again."""
        self.hold = await self._taken()
        self._keeping = asyncio.create_task(self._keep(self.hold))

    async def release(self) -> None:
        if self._keeping:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        hold, self.hold = self.hold, None
        if hold:
            await hold.let_go()

    async def _keep(self, hold: Hold) -> None:
        while True:
            await hold.until_lost()
            lost, hold = hold, await self._taken_again()
            self.hold = hold
            await lost.let_go()

    async def _taken_again(self) -> Hold:
        while True:
            try:
                return await self._taken()
            except StorageFailed:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _taken(self) -> Hold:
        """Raises StorageFailed."""
        with database_failures():
            async with AsyncExitStack() as stack:
                connection = await stack.enter_async_context(self._engine.connect())
                await connection.execute(text(f"SELECT pg_advisory_lock_shared({self.number})"))
                driver = (await connection.get_raw_connection()).driver_connection
                return Hold(driver, stack.pop_all())
