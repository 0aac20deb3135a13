"""The text of answers that are being written, kept against the death of the process."""

import asyncio
import itertools
import logging
from collections.abc import Iterable, Sequence

from application.ports.run_store import RunStore
from application.runs.run_handle import RunHandle
from application.runs.supervisor import RunSupervisor
from domain.errors import MochiError

_log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.8
"""How often each run is flushed: the contract allows a second to be lost, and the write itself takes a part of it."""

SLICES = 8
"""Parts of that time in which a part of the runs is flushed, where they are many: all at once would hold up the streams
of all."""

FEW_RUNS = 64
"""Up to so many runs are flushed together, within about a millisecond: each write of a database costs several times
what one more text in it does."""


class RunFlusher:
    """Flushes each run at work a little more often than once a second; many in turns, which their ids decide."""

    def __init__(self, *, supervisor: RunSupervisor, runs: RunStore) -> None:
        self._supervisor = supervisor
        self._runs = runs
        self._is_faulty = False

    async def flush_for_ever(self) -> None:
        """Runs until it is cancelled. Nothing that a store raises ends it, foreseen or not."""
        were_few = True
        for turn in itertools.cycle(range(SLICES)):
            await asyncio.sleep(FLUSH_SECONDS / SLICES)
            runs = self._supervisor.all_runs()
            are_few = len(runs) <= FEW_RUNS
            await self._try_to_flush(due(runs, turn, are_few=are_few, were_few=were_few))
            were_few = are_few

    async def _try_to_flush(self, handles: Iterable[RunHandle]) -> None:
        try:
            await self._flush(handles)
        except MochiError as error:
            _log.warning("the text of running answers could not be flushed: %s", error.message)
        except Exception:  # noqa: BLE001 - whatever broke, what is written from here on must be kept
            if not self._is_faulty:
                _log.exception("the text of running answers could not be flushed")
            self._is_faulty = True  # Told of once: it may be there again each second.

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
            self._is_faulty = False
        for draft, size in drafts:
            draft.flushed_size = size


def due(runs: Sequence[RunHandle], turn: int, *, are_few: bool, were_few: bool) -> Sequence[RunHandle]:
    """The runs to be flushed in one of the SLICES turns, so that none waits for more than SLICES of them.

    Few are due together, in the first turn; many by their slices. When the one becomes the other all are due at once,
    as some would else wait for nearly twice the time.
    """
    if are_few != were_few:
        return runs
    if are_few:
        return runs if turn == 0 else ()
    return [handle for handle in runs if handle.spread % SLICES == turn]
