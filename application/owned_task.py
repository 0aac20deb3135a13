"""Work that must be done even when the one who waits for it is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class Patience(asyncio.Future[Result]):
    """A task that is cancelled while it waits for this hears of it when the wait is over, and not before.

    That is what a task does with a future which refuses to be cancelled: it remembers.
    """

    def cancel(self, msg: Any = None) -> bool:  # noqa: ARG002 - asyncio's signature
        return False

    async def over(self) -> Result:
        """The result, once it is there. Where the caller was cancelled meanwhile, that is raised instead."""
        try:
            return await self
        except asyncio.CancelledError:
            self.exception()  # Seen here, else asyncio reports it as never retrieved.
            raise


async def finish_despite_cancellation(work: "Coroutine[Any, Any, Result] | asyncio.Future[Result]") -> Result:
    """Carry `work` to its end and give its result, however often the caller is cancelled meanwhile.

    A cancellation that came is raised again afterwards, as it was meant for the caller and not for the work.
    """
    task = asyncio.ensure_future(work)
    patience: Patience[None] = Patience(loop=task.get_loop())
    task.add_done_callback(lambda _: patience.set_result(None))
    try:
        await patience
    except asyncio.CancelledError:
        if not task.cancelled():
            task.exception()  # Seen here, else asyncio reports it as never retrieved.
        raise
    return task.result()
