"""File work in threads, off the event loop, and never left half done."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from application.owned_task import finish_despite_cancellation

Result = TypeVar("Result")


class FileWorker:
    """Threads of its own, so that waiting for a disk holds up nobody else's threads."""

    def __init__(self, name: str, threads: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)

    async def run(self, operation: Callable[[], Result]) -> Result:
        """`operation` in a thread, waited for until it has ended, even where the caller is cancelled meanwhile."""
        return await finish_despite_cancellation(asyncio.get_running_loop().run_in_executor(self._executor, operation))

    async def aclose(self) -> None:
        await asyncio.to_thread(self._executor.shutdown)
