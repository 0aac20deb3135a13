"""A kill, a full disk and a failing one at each system call of each save of the JSON stores."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from functools import cache
from pathlib import Path

import pytest

from tests.crash.saves import SAVES
from tests.crash.system_calls import missing

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")
reason_missing = cache(missing)


async def output_of(*command: str) -> tuple[int | None, str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if os.access(MEMORY, os.W_OK):
        environment["TMPDIR"] = str(MEMORY)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=environment, stdout=PIPE, stderr=STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


@pytest.mark.parametrize("save", SAVES)
async def test_a_save_is_whole_or_not_at_all_whatever_befalls_each_of_its_calls(save: str) -> None:
    if reason := reason_missing():
        pytest.skip(reason)
    code, output = await output_of("-m", "tests.crash.faults", save)
    assert code == 0, output
    assert re.fullmatch(rf"{save}: [1-9]\d* calls, [1-9]\d* faults\n", output)
