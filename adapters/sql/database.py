"""What the stores need of a database, whichever it is."""

import asyncio
from collections.abc import Callable, Collection
from typing import Final, Literal, Protocol, TypeAlias, TypeVar

from sqlalchemy import Connection

Result = TypeVar("Result")
Operation: TypeAlias = Callable[[Connection], Result]
"""All that is done within one transaction. It waits for the database alone."""
Danger: TypeAlias = Literal["kill", "crash", "power cut"]
"""What a write outlives, each more than the one before: the death of this process; that of a database server, with what
it had not brought to disk, while this process lives on; a power cut, which ends both."""

_LIGHT: Final = 100_000
"""Characters that are decoded or taken apart within a few milliseconds."""


class Database(Protocol):
    """`open()` comes first and `aclose()` last. Every method may raise StorageFailed; then nothing has changed.

    A call that is cancelled is carried to its end before the cancellation goes on: nothing is left half done, and no
    connection taken. An error that an operation raises undoes its transaction and passes through.
    """

    async def upgrade(self) -> bool:
        """Make the tables those of this program, before `open()`. Whether there was anything to do.

        All or nothing, in whatever time it takes: cancelled, it may also be broken off, and then nothing has changed.
        """
        ...

    async def open(self) -> None:
        """See to it that the tables are those of this program, and let others know that this server lives."""
        ...

    async def aclose(self) -> None: ...

    async def read(self, operation: Operation[Result]) -> Result:
        """Carry out what only reads, on one state of the database."""
        ...

    async def look(self, operation: Operation[Result]) -> Result:
        """Carry out a single statement that only reads: a server far away is asked once, and not for a transaction."""
        ...

    async def write(
        self, operation: Operation[Result], *, outlives: Danger = "power cut", is_one: bool = False
    ) -> Result:
        """Carry out what may write; once this returns, that outlives what `outlives` says.

        `is_one`: the operation is a single statement, where `nests_writes` lets one hold all of it.
        """
        ...

    @property
    def instance_id(self) -> str:
        """This server's, as others that share the database know it."""
        ...

    def take_turn(self, connection: Connection, session_id: str) -> bool:
        """Have the rest of the transaction follow those of others that took their turn at this session. Whether others
        know that this server lives. For operations that write."""
        ...

    def living(self, connection: Connection, instances: Collection[str]) -> Collection[str]:
        """Those of `instances` whose processes live. For operations."""
        ...


async def computed(weight: int, work: Callable[[], Result]) -> Result:
    """`work` on `weight` characters, in a thread where it would hold up the event loop."""
    return work() if weight < _LIGHT else await asyncio.to_thread(work)


def nests_writes(connection: Connection) -> bool:
    """Whether a statement may hold others that write. It needs no transaction around it, and is sent in one trip."""
    return connection.dialect.name == "postgresql"
