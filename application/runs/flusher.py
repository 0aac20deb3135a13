"""The text of answers that are being written, kept against the death of the process."""

import asyncio
import itertools
import logging
from collections.abc import Iterable

from application.ports.run_store import RunStore
from application.runs.run_handle import RunHandle
from application.runs.run_keeper import RunKeeper
from application.runs.supervisor import RunSupervisor
from domain.errors import MochiError

_log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.8
"""How often each run is flushed: the contract allows a second to be lost, and the write itself takes a part of it."""

SLICES = 8
"""Parts of that time in which a part of the runs is flushed: all at once would hold up the streams of all."""


class RunFlusher:
    """Flushes each run at work a little more often than once a second, in turns that its id decides."""

    def __init__(self, *, supervisor: RunSupervisor, keeper: RunKeeper, runs: RunStore) -> None:
        self._supervisor = supervisor
        self._keeper = keeper
        self._runs = runs

    async def flush_for_ever(self) -> None:
        """Runs until it is cancelled. Nothing that a store raises ends it."""
        for turn in itertools.cycle(range(SLICES)):
            await asyncio.sleep(FLUSH_SECONDS / SLICES)
            try:
                await self._flush(handle for handle in self._supervisor.all_runs() if handle.spread % SLICES == turn)
            except MochiError as error:
                _log.warning("the text of running answers could not be flushed: %s", error.message)
            if turn == 0:
                await self._keeper.retry_all()

    async def flush(self) -> None:
        """Keep what all runs have written so far. Raises what the run store raises; then it is still unflushed."""
        await self._flush(self._supervisor.all_runs())

    async def _flush(self, handles: Iterable[RunHandle]) -> None:
        drafts = []
        partials = []
        for handle in handles:
            partial, draft = handle.unflushed(), handle.draft_at_work
            if partial is not None and draft is not None:
                partials.append(partial)
                drafts.append((draft, draft.size))
        if partials:
            await self._runs.flush(partials)
        for draft, size in drafts:
            draft.flushed_size = size
