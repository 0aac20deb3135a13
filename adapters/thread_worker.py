"""Work that blocks, in threads, off the event loop, and never left half done."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from application.owned_task import Patience

Result = TypeVar("Result")


class ThreadWorker:
    """Threads of its own, so that waiting for a disk holds up nobody else's."""

    def __init__(self, name: str, threads: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)

    async def run(self, operation: Callable[[], Result]) -> Result:
        """`operation` in a thread, waited for until it has ended, even where the caller is cancelled meanwhile.

        Without `run_in_executor`, whose chain of two futures costs as much as all else here; there are five of these
        waits in every run.
        """
        loop = asyncio.get_running_loop()
        outcome: Patience[Result] = Patience(loop=loop)

        def work() -> None:
            try:
                result = operation()
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                loop.call_soon_threadsafe(outcome.set_exception, error)
            else:
                loop.call_soon_threadsafe(outcome.set_result, result)

        self._executor.submit(work)
        return await outcome.over()

    async def aclose(self) -> None:
        await asyncio.to_thread(self._executor.shutdown)
