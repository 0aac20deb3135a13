"""How PostgreSQL servers tell which of the programs that share them live."""

import asyncio
import secrets
from contextlib import AsyncExitStack
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.engine import URL

from adapters.sql.failures import database_failures
from adapters.sql.postgres_engine import new_engine
from domain.errors import StorageFailed

_PAUSE_SECONDS: Final = 0.5


class PostgresInstanceLock:
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
