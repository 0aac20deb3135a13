"""The proofs that fork or are traced, as processes of their own."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_IN_MEMORY = Path("/dev/shm")


async def output_of(program: str, *arguments: str) -> tuple[int | None, str]:
    """Exit code and what it said. Faults are made, not waited for: where it can be had, memory serves as disk."""
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    if os.access(_IN_MEMORY, os.W_OK):
        environment["TMPDIR"] = str(_IN_MEMORY)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"tests.crash.{program}",
        *arguments,
        cwd=_ROOT,
        env=environment,
        stdout=PIPE,
        stderr=STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()
