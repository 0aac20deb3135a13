"""What session files cost: appending to short and long sessions, and lists among many.

`python -m benchmarks.json_storage [--sessions 10000]`. Times are of this process, in milliseconds.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median

from adapters.json_files.session_store import JsonSessionStore
from benchmarks.conversations import AT, message, session, write_sessions

LENGTHS = (10, 1000, 10_000)
APPENDS = 20
MESSAGES_A_SESSION = 20


async def report(what: str, call: Callable[[], Awaitable[object]], times: int = 1) -> None:
    wall, cpu = [], []
    for _ in range(times):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        await call()
        wall.append((time.perf_counter() - wall_start) * 1000)
        cpu.append((time.process_time() - cpu_start) * 1000)
    print(f"{what}: median {median(wall):.2f} wall, {median(cpu):.2f} CPU; worst {max(wall):.1f} wall")


async def measure_appends(folder: Path) -> None:
    store = JsonSessionStore(folder)
    await store.open()
    for length in LENGTHS:
        session_id = f"{length:010d}"
        await store.create(session(session_id, length))
        append = partial(store.append, session_id, [message(0)], AT)
        await report(f"append to {length} messages", append, APPENDS)
    await store.aclose()


async def measure_lists(folder: Path, count: int) -> None:
    await asyncio.to_thread(write_sessions, folder, count, MESSAGES_A_SESSION)
    store, other = JsonSessionStore(folder), JsonSessionStore(folder)
    await store.open()
    await other.open()
    await report(f"first list of 50 of {count}", lambda: store.list_sessions(limit=50))
    await report("list of 50", lambda: store.list_sessions(limit=50), 10)
    await store.append(f"{0:010x}", [message(0)], AT)
    await report("after one of them changed", lambda: store.list_sessions(limit=50))
    await other.append(f"{1:010x}", [message(0)], AT)
    await report("after another process changed one", lambda: store.list_sessions(limit=50))
    await report("list of all", store.list_sessions, 5)
    await report("first search", lambda: store.list_sessions(words=["lorem"], limit=50))
    await report("search", lambda: store.list_sessions(words=["lorem"], limit=50), 5)
    await store.aclose()
    await other.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=10_000)
    count: int = parser.parse_args().sessions
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure_appends(Path(folder)))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure_lists(Path(folder), count))


if __name__ == "__main__":
    main()
