"""Whether what is kept can be written."""

from typing import Protocol


class StorageProbe(Protocol):
    async def try_writing(self) -> None:
        """Really write something, durably, and take it away again: nothing that is kept changes or is seen to.

        Cheap enough for every few seconds. Raises StorageFailed where the store takes no writes.
        """
        ...
