"""Records of runs as journals, one a session (`.runs` in the folder of the sessions)."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from adapters.json_files.run_journals import RunJournals
from adapters.thread_worker import ThreadWorker
from application.ports import run_store as ports
from domain.run import PartialAnswer, Run, newest_first

_READING_THREADS: Final = 2


class JsonRunStore(ports.RunStore):
    """`open()` comes first and `aclose()` last; several processes may share the folder.

    One thread does all writing, in the order of the calls: two could write the end of a run before its text.
    """

    def __init__(self, sessions_folder: Path) -> None:
        self._journals = RunJournals(sessions_folder)
        self._writer = ThreadWorker("runs-writer", 1)
        self._readers = ThreadWorker("runs-reader", _READING_THREADS)

    async def open(self) -> None:
        """From here on, this process is known to live. Raises StorageFailed."""
        await self._writer.run(self._journals.open)

    async def aclose(self) -> None:
        """Also after an `open()` that failed. Raises StorageFailed, and is closed all the same."""
        try:
            await self._writer.run(self._journals.close)
        finally:
            await self._writer.aclose()
            await self._readers.aclose()

    async def claim(self, run: Run) -> None:
        await self._writer.run(partial(self._journals.claim, run))

    async def update(self, run: Run) -> None:
        await self._writer.run(partial(self._journals.update, run))

    async def flush(self, partials: Sequence[PartialAnswer]) -> None:
        await self._writer.run(partial(self._journals.flush, partials))

    async def list_runs(self, session_id: str) -> Sequence[Run]:
        return newest_first(await self._readers.run(partial(self._journals.runs_of, session_id)))

    async def abandoned(self) -> Sequence[ports.AbandonedRun]:
        return await self._readers.run(self._journals.abandoned)

    async def forget(self, session_id: str) -> None:
        await self._writer.run(partial(self._journals.forget, session_id))
