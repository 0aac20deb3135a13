"""The programs that are measured, as processes of their own."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

STEADY_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_TRIM_THRESHOLD_": "8388608"}
"""asyncio's receive buffer of 256 KiB otherwise makes a small process map and unmap memory at every read."""

_URL = re.compile(rb"https?://[\w.:\[\]-]+")


@dataclass(frozen=True, slots=True)
class Program:
    url: str
    pid: int


@asynccontextmanager
async def double(*flags: str) -> AsyncIterator[Program]:
    """The test double of Ollama; `flags` are those of its command line."""
    async with running([sys.executable, "-m", "tests.doubles.ollama_server", *flags], {}) as program:
        yield program


@asynccontextmanager
async def mochi(data_dir: Path, ollama: str, **settings: str) -> AsyncIterator[Program]:
    """mochi-server over `ollama`; `settings` by their field names."""
    environment = {
        "MOCHI_PORT": "0",
        "MOCHI_DATA_DIR": str(data_dir),
        "MOCHI_OLLAMA_HOST": ollama,
        **{f"MOCHI_{name.upper()}": value for name, value in settings.items()},
    }
    async with running([sys.executable, "-m", "mochi_server"], environment) as program:
        yield program


@asynccontextmanager
async def running(command: Sequence[str], environment: dict[str, str]) -> AsyncIterator[Program]:
    """A process that tells its address in one of its first lines; ended by SIGTERM on leaving."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | STEADY_MALLOC | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Program(await _address(process), process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if match := _URL.search(line):
            return match[0].decode()
    raise RuntimeError("the program ended before it told its address")


def cpu_ns(pid: int) -> int:
    """Processor time that the process has taken, as the scheduler counts it."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


def resident_kib(pid: int) -> int:
    match = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert match is not None
    return int(match[1])
