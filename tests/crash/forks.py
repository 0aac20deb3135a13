"""Processes that say what they have done through a pipe, which outlives them."""

import asyncio
import os
import traceback
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple


class Forked(NamedTuple):
    pid: int
    said: int
    """The reading end of its pipe."""


def forked(work: Callable[[int], Coroutine[Any, Any, None]]) -> Forked:
    """A copy of this process that does `work` with the writing end. It ends with 0, or 3 where `work` failed."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Forked(pid, reading)
    os.close(reading)
    code = 3
    try:
        asyncio.run(work(writing))
        code = 0
    except BaseException:  # noqa: BLE001 - it must not go on as if it were its parent
        traceback.print_exc()
    finally:
        os._exit(code)
