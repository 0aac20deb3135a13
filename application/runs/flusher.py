"""The text of answers that are being written, kept against the death of the process."""

import asyncio
import logging

from application.ports.run_store import RunStore
from application.runs.run_keeper import RunKeeper
from application.runs.supervisor import RunSupervisor
from domain.errors import MochiError

_log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.8
"""The contract allows a second to be lost; the write itself takes a part of it."""


class RunFlusher:
    """Flushes all runs at work, together, a little more often than once a second."""

    def __init__(self, *, supervisor: RunSupervisor, keeper: RunKeeper, runs: RunStore) -> None:
        self._supervisor = supervisor
        self._keeper = keeper
        self._runs = runs

    async def flush_for_ever(self) -> None:
        """Runs until it is cancelled. Nothing that a store raises ends it."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except MochiError as error:
                _log.warning("the text of running answers could not be flushed: %s", error.message)
            await self._keeper.retry_all()

    async def flush(self) -> None:
        """Keep what all runs have written so far. Raises what the run store raises; then it is still unflushed."""
        drafts = []
        partials = []
        for handle in self._supervisor.all_runs():
            partial = handle.unflushed()
            if partial is not None and handle.draft is not None:
                partials.append(partial)
                drafts.append((handle.draft, handle.draft.size))
        if partials:
            await self._runs.flush(partials)
        for draft, size in drafts:
            draft.flushed_size = size
