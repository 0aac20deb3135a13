"""File work in threads, off the event loop, and never left half done."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


class FileWorker:
    """Threads of its own, so that waiting for a disk holds up nobody else's threads."""

    def __init__(self, name: str, threads: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)

    async def run(self, operation: Callable[[], Result]) -> Result:
        """`operation` in a thread, waited for until it has ended, even where the caller is cancelled meanwhile."""
        return await finish(self._in_thread(operation))

    async def aclose(self) -> None:
        await asyncio.to_thread(self._executor.shutdown)

    async def _in_thread(self, operation: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, operation)


async def finish(work: Coroutine[Any, Any, Result]) -> Result:  # Any: a coroutine neither yields nor is sent anything
    """Carry `work` to its end; a cancellation of the caller is raised after it, never into it.

    A thread cannot be cancelled: whoever went on before it has ended could be overtaken by its write.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    task.exception()  # Seen here, else asyncio reports it as never retrieved.
    raise cancelled
