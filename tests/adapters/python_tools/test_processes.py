"""How processes begin, are kept and end."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest
import uvloop

from adapters.python_tools import fork_server
from adapters.python_tools.pool import MOST_IDLE, MOST_WORKERS
from tests.adapters.python_tools.folders import opened, result, running, write
from tests.adapters.python_tools.test_hostile_tools import settled

ROOT: Final = Path(__file__).parents[3]
PATIENCE: Final = 60.0
"""Seconds for many calls at once, where it is not tried how they are given up: they take one on an idle machine."""

SOURCE: Final = """
import os, sys, threading, time, resource

COUNT = 0

def count() -> int:
    global COUNT
    COUNT += 1
    return COUNT

def slow(seconds: float = 60) -> str:
    time.sleep(seconds)
    return "slept"

def process() -> int:
    return os.getpid()

def state() -> dict:
    return {
        "path": sys.path[0], "isolated": sys.flags.isolated, "utf8": sys.flags.utf8_mode, "nice": os.nice(0),
        "leads": os.getpgrp() == os.getpid(), "shares": os.getsid(0) == os.getppid(),
        "files": len(os.listdir("/dev/fd")),
        "data": resource.getrlimit(resource.RLIMIT_DATA)[1], "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
        "stdin": sys.stdin.read(), "settings": [name for name in os.environ if name.startswith(("MOCHI_", "OTEL_"))],
    }
"""


async def test_a_worker_stays_warm(tmp_path: Path) -> None:
    async with opened(tmp_path, {"source.py": SOURCE}) as toolbox:
        assert [await result(toolbox, "count") for _ in range(3)] == ["1", "2", "3"]


async def test_what_a_worker_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCHI_API_KEY", "secret")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret")
    async with opened(tmp_path, {"source.py": SOURCE}) as toolbox:
        state = await result(toolbox, "state")

    nice = min(19, os.nice(0) + 10)
    expected = f'"isolated":1,"utf8":1,"nice":{nice},"leads":true,"shares":true,'
    expected += '"files":5,"data":1073741824,"core":0,"stdin":""'
    assert expected in state
    assert '"settings":["MOCHI_TOOLS_OF"]' in state
    assert f'"path":"{tmp_path}"' not in state


async def test_no_more_workers_than_may_be(tmp_path: Path) -> None:
    async with opened(tmp_path, {"source.py": SOURCE}, timeout_seconds=PATIENCE) as toolbox:
        await toolbox.inventory()
        calls = [asyncio.create_task(result(toolbox, "slow", seconds=0.2)) for _ in range(2 * MOST_WORKERS)]
        most = 0
        while not all(call.done() for call in calls):
            most = max(most, len(await asyncio.to_thread(running)))
            await asyncio.sleep(0.02)
        assert await asyncio.gather(*calls) == ["slept"] * 2 * MOST_WORKERS
        await settled(MOST_IDLE + 1)

    assert most <= MOST_WORKERS + 1


async def test_a_call_that_never_got_a_worker_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, {"source.py": SOURCE}, timeout_seconds=5) as toolbox:
        await toolbox.inventory()
        calls = [toolbox.call("slow", {}) for _ in range(MOST_WORKERS + 5)]
        outcomes = await asyncio.gather(*calls)
        assert await result(toolbox, "count")

    assert {outcome.error_code for outcome in outcomes} == {"TOOL_TIMEOUT"}
    assert "free worker" in outcomes[-1].text


async def test_calls_of_another_source_get_their_turn(tmp_path: Path) -> None:
    sources = {f"s{number}.py": SOURCE.replace("def count", f"def count{number}") for number in range(12)}
    async with opened(tmp_path, sources, timeout_seconds=PATIENCE) as toolbox:
        names = [f"count{number}" for number in range(12)] * 8
        outcomes = await asyncio.gather(*(toolbox.call(name, {}) for name in names))

    assert all(outcome.success for outcome in outcomes)


async def test_a_cancelled_call_leaves_nothing_running(tmp_path: Path) -> None:
    async with opened(tmp_path, {"source.py": SOURCE}) as toolbox:
        await toolbox.inventory()
        calls = [asyncio.create_task(toolbox.call("slow", {})) for _ in range(5)]
        await result(toolbox, "count")
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        # The fork server, and the worker that counted.
        assert len(running()) <= 2


async def test_calls_that_are_cancelled_at_any_moment_lose_no_worker(tmp_path: Path) -> None:
    async with opened(tmp_path, {"source.py": SOURCE}, timeout_seconds=PATIENCE) as toolbox:
        await toolbox.inventory()
        for number in range(60):
            call = asyncio.create_task(toolbox.call("count", {}))
            other = asyncio.create_task(toolbox.call("slow", {}))
            await asyncio.sleep(number / 10_000)
            call.cancel()
            other.cancel()
            await asyncio.gather(call, other, return_exceptions=True)
        outcomes = await asyncio.gather(*(toolbox.call("count", {}) for _ in range(MOST_WORKERS)))

    assert [outcome.error_code for outcome in outcomes] == [None] * MOST_WORKERS


async def test_closing_ends_calls_under_way(tmp_path: Path) -> None:
    async with opened(tmp_path, {"source.py": SOURCE}) as toolbox:
        await toolbox.inventory()
        calls = [asyncio.create_task(toolbox.call("slow", {})) for _ in range(3)]
        await settled_at_least(4)
    outcomes = await asyncio.gather(*calls)

    assert {outcome.error_code for outcome in outcomes} == {"TOOL_EXECUTION_FAILED"}
    assert (await toolbox.call("count", {})).error_code == "TOOL_EXECUTION_FAILED"


@pytest.mark.parametrize("delay", [0, 0.02, 0.1, 0.2])
async def test_closing_ends_calls_that_wait_for_the_start_too(tmp_path: Path, delay: float) -> None:
    async with opened(tmp_path, {"source.py": SOURCE}) as toolbox:
        calls = [asyncio.create_task(toolbox.call("slow", {})) for _ in range(3)]
        reload = asyncio.create_task(toolbox.reload())
        await asyncio.sleep(delay)
    outcomes = await asyncio.gather(*calls)
    await reload

    assert not any(outcome.success for outcome in outcomes)


async def settled_at_least(count: int) -> None:
    async with asyncio.timeout(10):
        while len(await asyncio.to_thread(running)) < count:  # noqa: ASYNC110 - no event comes of other processes
            await asyncio.sleep(0.01)


async def test_closing_while_it_loads_leaves_nothing(tmp_path: Path) -> None:
    for delay in (0, 0.02, 0.1, 0.2, 0.3):
        async with opened(tmp_path, {"source.py": SOURCE, "loop.py": "while True: pass"}):
            await asyncio.sleep(delay)
        assert running() == []


async def test_a_toolbox_that_was_never_opened_can_be_closed(tmp_path: Path) -> None:
    async with opened(tmp_path) as toolbox:
        pass
    await toolbox.aclose()


async def test_the_end_of_the_fork_server_is_seen_though_something_of_it_holds_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As does a worker that was stopped before its first step: it would say so for ever."""
    connection = fork_server._connection
    held: list[socket.socket] = []

    def held_open() -> tuple[socket.socket, socket.socket]:
        ours, theirs = connection()
        if not held:
            held.append(theirs.dup())
        return ours, theirs

    monkeypatch.setattr(fork_server, "_connection", held_open)
    async with opened(tmp_path, {"source.py": SOURCE}, timeout_seconds=2 * PATIENCE) as toolbox:
        await toolbox.inventory()
        letting_go = asyncio.get_running_loop().call_later(PATIENCE, held[0].close)
        call = asyncio.create_task(toolbox.call("slow", {}))
        await settled_at_least(2)
        os.kill(child_of(os.getpid()), signal.SIGKILL)
        assert (await call).error_code == "TOOL_EXECUTION_FAILED"
        assert await result(toolbox, "count") == "1"
    assert held[0].fileno() >= 0, "it was not let go before"
    letting_go.cancel()
    held[0].close()


SERVER: Final = """
import asyncio, sys
from pathlib import Path
from adapters.python_tools.toolbox import PythonToolbox

async def main():
    toolbox = PythonToolbox(folder=Path(sys.argv[1]), python=None, timeout_seconds=60)
    await toolbox.open()
    await toolbox.inventory()
    calls = [asyncio.create_task(toolbox.call("slow", {})) for _ in range(4)]
    print("ready", flush=True)
    await asyncio.gather(*calls)

asyncio.run(main())
"""


LEAVING: Final = """
import os, time

def leave() -> str:
    if os.fork() == 0:
        os.setuid(65534)
        time.sleep(300)
        os._exit(0)
    time.sleep(0.2)
    os._exit(1)

def end() -> str:
    os._exit(1)

def hello() -> str:
    return "hello"
"""

CALLER: Final = """
import asyncio, sys
from pathlib import Path
from adapters.python_tools.pool import MOST_WORKERS
from adapters.python_tools.toolbox import PythonToolbox

async def main():
    toolbox = PythonToolbox(folder=Path(sys.argv[1]), python=None, timeout_seconds=15)
    await toolbox.open()
    await toolbox.inventory()
    await toolbox.call("leave", {})
    await asyncio.gather(*(toolbox.call("end", {}) for _ in range(MOST_WORKERS + 1)))
    print((await toolbox.call("hello", {})).text)
    await toolbox.aclose()

asyncio.run(main())
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root makes processes that it may not kill"
)
def test_a_process_that_cannot_be_killed_holds_up_no_other_call(tmp_path: Path) -> None:
    """As one of `sudo`, or one that waits for a disk."""
    write(tmp_path, {"source.py": LEAVING})
    without_right = ["setpriv", "--bounding-set=-kill", "--inh-caps=-kill"]
    told = subprocess.run(
        [*without_right, sys.executable, "-c", CALLER, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    for pid in running():
        os.kill(pid, signal.SIGKILL)
    asyncio.run(settled(0))
    assert told.stdout == "hello\n"


def child_of(parent: int) -> int:
    """The fork server of a server's process."""
    [child] = [
        pid for pid in running() if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1] == str(parent)
    ]
    return child


@pytest.mark.parametrize("is_stopped", [False, True], ids=["as it is", "its fork server stopped"])
def test_when_the_server_is_killed_everything_ends(tmp_path: Path, is_stopped: bool) -> None:
    forking = (
        "def daemon():\n    import os, time\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(60)\n"
    )
    write(tmp_path, {"source.py": SOURCE, "other.py": forking})
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    asyncio.run(settled_at_least(6))
    if is_stopped:
        os.kill(child_of(process.pid), signal.SIGSTOP)
    process.kill()
    process.communicate()

    asyncio.run(settled(0))


def test_it_runs_under_uvloop_too(tmp_path: Path) -> None:
    async def use() -> None:
        async with opened(tmp_path, {"source.py": SOURCE}, timeout_seconds=PATIENCE) as toolbox:
            await toolbox.inventory()
            outcomes = await asyncio.gather(*(toolbox.call("count", {}) for _ in range(50)))
            assert all(outcome.success for outcome in outcomes)
            await toolbox.reload()
            assert await result(toolbox, "count") == "1"
        async with opened(tmp_path, timeout_seconds=5) as toolbox:
            assert (await toolbox.call("slow", {})).error_code == "TOOL_TIMEOUT"
            await toolbox.reload()
            assert await result(toolbox, "count") == "1"

    uvloop.run(use())


def waited_for_a_processor() -> float:
    """Seconds that this thread could have gone on and others had the processors; 0 where the system does not say."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except FileNotFoundError:
        return 0.0


async def test_the_loop_is_never_held_up(tmp_path: Path) -> None:
    longest, is_over = 0.0, False

    async def watch() -> None:
        nonlocal longest
        while not is_over:
            began = time.perf_counter() - waited_for_a_processor()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - waited_for_a_processor() - began)

    watching = asyncio.create_task(watch())
    async with opened(tmp_path, {"source.py": SOURCE, "big.py": "x = 1\n" * 100_000}) as toolbox:
        await toolbox.inventory()
        await asyncio.gather(*(toolbox.call("count", {}) for _ in range(100)))
    is_over = True
    await watching

    assert longest < 0.5
