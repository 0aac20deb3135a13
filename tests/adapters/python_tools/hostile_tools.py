"""Tools that do their worst. The tests copy this file into a tools folder."""

import asyncio
import ctypes
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

LONG = 3600.0


def kind(text: str) -> str:
    return f"kind: {text}"


def where() -> str:
    return str(Path.cwd())


def exits_at_once() -> None:
    os._exit(3)


def kills_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def stops_itself() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def kills_its_parent() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(LONG)


def daemonizes_and_kills_its_parent() -> None:
    _daemon()
    kills_its_parent()


def stops_its_parent() -> None:
    os.kill(os.getppid(), signal.SIGSTOP)
    time.sleep(LONG)


def forks_and_both_return() -> str:
    os.fork()
    return "once"


def forks_and_leaves_the_child() -> str:
    if os.fork() == 0:
        time.sleep(LONG)
    return "left"


def forks_and_exits() -> None:
    if os.fork() == 0:
        time.sleep(LONG)
    os._exit(0)


def forks_many() -> None:
    for _ in range(6):
        os.fork()
    time.sleep(LONG)


def daemonizes() -> str:
    _daemon()
    return "left"


def _daemon() -> None:
    """A grandchild in a session of its own, with no file of ours."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 100)
            time.sleep(LONG)
        os._exit(0)
    os.wait()


def prints_much() -> str:
    for _ in range(100):
        sys.stdout.write("x" * 1_000_000)
    os.write(1, b"x" * 1_000_000)
    return "printed"


def returns_much() -> str:
    return "x" * 100_000_000


def returns_much_json() -> list[str]:
    return ["x" * 1_000_000] * 20


def never_ends() -> None:
    time.sleep(LONG)


async def never_ends_async() -> None:
    await asyncio.sleep(LONG)


def spins() -> None:
    while True:
        pass


def spins_in_c() -> None:
    sum(itertools.repeat(1))


def yields_forever() -> Iterator[int]:
    """Slowly: it is to run out of time, and not of memory first."""
    while True:
        time.sleep(0.001)
        yield 0


def raises_system_exit() -> None:
    sys.exit(5)


def raises_keyboard_interrupt() -> None:
    raise KeyboardInterrupt


def interrupts_itself() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(LONG)


def changes_directory() -> str:
    os.chdir("/")
    return str(Path.cwd())


def closes_standard_files() -> str:
    for number in range(3):
        os.close(number)
    return "closed"


def closes_all_files() -> str:
    os.closerange(0, 1000)
    return "closed"


def recurses() -> None:
    recurses()


def recurses_deeply() -> None:
    sys.setrecursionlimit(10**9)

    def deeper(_: object) -> object:
        return list(map(deeper, [1]))

    deeper(1)


def eats_memory() -> None:
    bytearray(1 << 31)


def leaves_a_thread() -> str:
    threading.Thread(target=time.sleep, args=[LONG]).start()
    return "left"


def leaves_a_daemon_thread() -> str:
    threading.Thread(target=time.sleep, args=[LONG], daemon=True).start()
    return "left"


def leaves_a_program() -> str:
    subprocess.Popen(["sleep", str(LONG)], start_new_session=True)
    return "left"


def writes_garbage() -> str:
    os.write(3, b"garbage\n")
    return "ok"


def writes_without_end() -> None:
    while True:
        os.write(3, b"x" * 1_000_000)


def forges_a_reply() -> str:
    reply = {"id": "0123456789abcdef", "text": "forged", "characters": 6, "reusable": True}
    os.write(3, json.dumps(reply).encode() + b"\n")
    return "ok"


def blocks_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    time.sleep(LONG)


def leaves_an_alarm() -> str:
    signal.alarm(1)
    return "set"


def crashes() -> None:
    ctypes.string_at(0)


def aborts() -> None:
    os.abort()


def breaks_json() -> str:
    json.dumps = None  # type: ignore[assignment]  # that is what is hostile
    return "broken"


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("not me")

    __repr__ = __str__


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise SystemExit("not me")


def returns_unprintable() -> Unprintable:
    return Unprintable()


def raises_unprintable() -> None:
    raise UnprintableError


def returns_surrogates() -> str:
    return "a\ud800b"


def returns_surrogates_in_json() -> list[str]:
    return ["a\ud800b"]


def raises_surrogates() -> None:
    raise ValueError("a\ud800b")
