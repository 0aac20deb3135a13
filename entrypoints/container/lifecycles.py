"""What the container's parts are to those who open and close them."""

from typing import Protocol

from application.ports.telemetry import Telemetry
from application.ports.toolbox import Toolbox


class Client(Protocol):
    """What is to be closed after its last use."""

    async def aclose(self) -> None: ...


class Store(Client, Protocol):
    """What is to be opened before its first use, too."""

    async def open(self) -> None: ...


class Traces(Telemetry, Client, Protocol):
    """What sends on what it was told."""


class OpenedToolbox(Toolbox, Store, Protocol):
    """A toolbox with processes or connections of its own."""


class OpenedDatabase(Store, Protocol):
    """A database, whose tables a person may have to make those of this program before it is opened."""

    async def upgrade(self) -> bool:
        """Whether there was anything to do. Raises StorageFailed."""
        ...
