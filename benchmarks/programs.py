"""The programs that are measured, as processes of their own."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

STEADY_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_TRIM_THRESHOLD_": "8388608"}
"""asyncio's receive buffer of 256 KiB otherwise makes a small process map and unmap memory at every read."""

USERS_PYTHON = os.environ.get("BENCH_PYTHON", sys.executable)
"""An interpreter with what a user of the server has installed, and nothing else: `make bench` sets one up."""

_URL = re.compile(rb"https?://[\w.:\[\]-]+")


@dataclass(frozen=True, slots=True)
class Program:
    url: str
    pid: int


@asynccontextmanager
async def double(*flags: str) -> AsyncIterator[Program]:
    """The test double of Ollama; `flags` are those of its command line."""
    async with running(["tests.doubles.ollama_server", "--uvloop", *flags]) as program:
        yield program


@asynccontextmanager
async def bare_relay(ollama: str, environment: Mapping[str, str] = STEADY_MALLOC) -> AsyncIterator[Program]:
    """What relaying costs at the least."""
    async with running(["benchmarks.bare_relay", ollama], environment) as program:
        yield program


@asynccontextmanager
async def ollama_client(ollama: str, environment: Mapping[str, str] = STEADY_MALLOC) -> AsyncIterator[Program]:
    """What relaying costs with the `ollama` package's client as it comes."""
    async with running(["benchmarks.ollama_client", ollama], environment) as program:
        yield program


@asynccontextmanager
async def mochi(
    data_dir: Path, ollama: str, environment: Mapping[str, str] = STEADY_MALLOC, **settings: str
) -> AsyncIterator[Program]:
    """mochi-server over `ollama`; `settings` by their field names. Without summaries, unless they say so: what is
    measured is what was asked for."""
    standing = {"port": "0", "data_dir": str(data_dir), "ollama_host": ollama, "summarization_enabled": "false"}
    given = {**standing, **settings}
    variables = {f"MOCHI_{name.upper()}": value for name, value in given.items()}
    async with running(["mochi_server"], {**environment, **variables}, USERS_PYTHON) as program:
        yield program


@asynccontextmanager
async def running(
    command: Sequence[str], environment: Mapping[str, str] = STEADY_MALLOC, python: str = sys.executable
) -> AsyncIterator[Program]:
    """A Python module that tells its address in one of its first lines; ended by SIGTERM on leaving."""
    process = await asyncio.create_subprocess_exec(
        python,
        "-m",
        *command,
        env={**_environment(), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        url = await _address(process)
        # Read on, or a program that logs much would wait for us.
        reading = asyncio.create_task(process.communicate())
        yield Program(url, process.pid)
        if process.returncode is None:
            process.terminate()
        await reading
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _environment() -> dict[str, str]:
    """Ours, without what would make starts slower than a user's, or settle a setting."""
    return {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONDONTWRITEBYTECODE" and not name.startswith("MOCHI_")
    }


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    said = b""
    while line := await process.stdout.readline():
        said += line
        if match := _URL.search(line):
            return match[0].decode()
    raise RuntimeError(f"the program ended before it told its address: {said.decode()}")


def cpu_ns(pid: int) -> int:
    """Processor time that the process has taken, as the scheduler counts it."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


def resident_kib(pid: int) -> int:
    match = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert match is not None
    return int(match[1])
