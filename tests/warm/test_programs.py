"""A forked program is like one that was started."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.servers import ServerProcess, running
from tests.warm.programs import start_warm


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["--port", "many"], ["storage", "upgrade"]], ids=str)
async def test_it_says_and_ends_with_the_same(tmp_path: Path, arguments: list[str]) -> None:
    environment = {"PATH": os.environ["PATH"], "MOCHI_DATA_DIR": str(tmp_path), "COLUMNS": "80"}
    warm = await start_warm(*arguments, cwd=tmp_path, env=environment)
    cold = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "mochi_server", *arguments),
        cwd=tmp_path,
        env=environment,
        stdout=PIPE,
        stderr=PIPE,
    )

    assert await warm.communicate() == await cold.communicate()
    assert warm.returncode == cold.returncode


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -9)])
async def test_it_ends_by_signals(tmp_path: Path, ollama_server: OllamaServer, number: int, code: int) -> None:
    async with running(tmp_path, ollama_server.url) as (server, _):
        assert await server.end(number) == code


async def test_it_has_nothing_of_its_siblings(tmp_path: Path, ollama_server: OllamaServer) -> None:
    async with running(tmp_path, ollama_server.url) as (first, _):
        alone = _open_files(first)
        async with running(tmp_path, ollama_server.url) as (second, _):
            assert _open_files(second) == alone
    async with running(tmp_path, ollama_server.url, ("-m", "mochi_server")) as (cold, _):
        assert _open_files(cold) == alone


def _open_files(server: ServerProcess) -> list[str]:
    """What kinds of files it holds, without their numbers."""
    links = [str(path.readlink()) for path in Path(f"/proc/{server.process.pid}/fd").iterdir()]
    return sorted(re.sub(r"\[\d+\]|-[0-9a-f]{16}$", "", link) for link in links)
