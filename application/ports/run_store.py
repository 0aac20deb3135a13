"""Where the records of runs are kept, and the text of those that are at work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.run import PartialAnswer, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class AbandonedRun:
    """A run whose process is gone. `partial` is the answer it was writing, where it had any text."""

    run: Run
    partial: PartialAnswer | None

    @property
    def is_agents_text(self) -> bool:
        """Whether the answer is that of an agent who worked for the run, in a session of its own."""
        return self.partial is not None and self.partial.session_id != self.run.session_id


class RunStore(Protocol):
    """Runs by session. Every method may raise StorageFailed; then nothing has changed.

    What a call kept is whole and outlives this process when the call returns. It outlives a power cut too where
    something would be done twice without it: a run that has an `idempotency_key` or `confirmations`.

    Runs are kept for at least as long as `domain.run.IDEMPOTENCY_KEPT` after their end; of older ones, the newest 50
    of a session are.
    """

    async def claim(self, run: Run) -> None:
        """Keep a new run that has started, and with it its session for this process.

        Raises SessionBusy, with that run's id, where a run that has not ended, of this or another living process,
        holds the session.
        """
        ...

    async def update(self, run: Run) -> None:
        """Keep the new state of a claimed run, or the end of one that was never claimed.

        Once a run has ended, its session is free, if it held it, and its flushed text is gone.
        """
        ...

    async def flush(self, partials: Sequence[PartialAnswer]) -> None:
        """Keep what these runs have written so far.

        The later flush of a run wins. A partial of a run that has ended is ignored.
        """
        ...

    async def list_runs(self, session_id: str) -> Sequence[Run]:
        """The runs of a session, newest `created_at` first; none where the session is unknown."""
        ...

    async def abandoned(self) -> Sequence[AbandonedRun]:
        """Runs that have not ended and whose process no longer lives; never one of a living process.

        Raises StorageFailed, as `claim` does, where it cannot be told whether a process lives: taken for dead, it would
        lose its runs to others.
        """
        ...

    async def forget(self, session_id: str) -> None:
        """Drop all runs of a session, flushed text included. Nothing to do where there are none."""
        ...
