"""Work that must be done even when the one who waits for it is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def finish_despite_cancellation(work: "Coroutine[Any, Any, Result] | asyncio.Future[Result]") -> Result:
    """Carry `work` to its end and give its result, however often the caller is cancelled meanwhile.

    A cancellation that came is raised again afterwards, as it was meant for the caller and not for the work.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # Seen here, else asyncio reports it as never retrieved.
        raise cancelled
    return task.result()
