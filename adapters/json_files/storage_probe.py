"""Whether the folder of the sessions takes files."""

from functools import partial
from pathlib import Path
from typing import Final

from adapters.json_files.atomic_file import open_folder, try_writing
from adapters.json_files.failures import storage_failures
from adapters.thread_worker import ThreadWorker
from application.ports import storage_probe as ports

_SCRATCH: Final = ".tmp"
"""Where the session store writes first, too, and clears away what dead writers left."""


class JsonStorageProbe(ports.StorageProbe):
    """`aclose()` comes last. The folder is the session store's, which makes it and what is in it."""

    def __init__(self, sessions_folder: Path) -> None:
        self._folder = sessions_folder / _SCRATCH
        # A thread of its own: a disk that hangs must not hold up whoever asks whether it does.
        self._worker = ThreadWorker("storage-probe", 1)

    async def open(self) -> None:
        """Nothing to do."""

    async def aclose(self) -> None:
        await self._worker.aclose()

    async def try_writing(self) -> None:
        await self._worker.run(partial(_try_writing, self._folder))


def _try_writing(folder: Path) -> None:
    with storage_failures("The sessions' folder takes no files"), open_folder(folder) as scratch:
        try_writing(scratch)
