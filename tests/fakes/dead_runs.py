"""Runs whose process died, in memory."""

from collections.abc import Sequence

from adapters.memory.run_store import MemoryRunStore
from application.ports.run_store import AbandonedRun


class RunsOfTheDead(MemoryRunStore):
    """Remembers what a process that died would have left behind."""

    def __init__(self) -> None:
        super().__init__()
        self.left_behind: list[AbandonedRun] = []

    async def abandoned(self) -> Sequence[AbandonedRun]:
        return self.left_behind
