"""Memory takes every write."""

from application.ports import storage_probe as ports


class MemoryStorageProbe(ports.StorageProbe):
    async def try_writing(self) -> None:
        """Nothing can refuse."""
