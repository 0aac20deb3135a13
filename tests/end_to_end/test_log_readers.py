"""Servers whose log nobody takes: a terminal that is held, a collector that hangs or has gone."""

import asyncio
import fcntl
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import PATIENCE, Api, api_at
from tests.end_to_end.servers import ROOT

SMALL_PIPE = 4096
MORE_THAN_IT_HOLDS = 100


class LogReader:
    """The end of the pipe that the server's log comes out of."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self) -> bytes:
        """What has come, waiting where that is nothing; empty once the server has ended."""
        return os.read(self._descriptor, 65_536)

    async def read_until(self, pattern: bytes) -> re.Match[bytes]:
        seen = b""
        async with asyncio.timeout(PATIENCE):
            while not (found := re.search(pattern, seen)):
                seen += await asyncio.to_thread(self.read)
        return found

    def leave(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@asynccontextmanager
async def logging_to_a_pipe(folder: Path, ollama_url: str) -> AsyncIterator[tuple[Process, Api, LogReader]]:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, SMALL_PIPE)
    settings = {"MOCHI_PORT": "0", "MOCHI_DATA_DIR": str(folder), "MOCHI_OLLAMA_HOST": ollama_url}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mochi_server"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **settings},
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=writing,
    )
    os.close(writing)
    log = LogReader(reading)
    try:
        url = (await log.read_until(rb"http://127\.0\.0\.1:\d+"))[0].decode()
        async with api_at(url) as api:
            yield process, api, log
    finally:
        log.leave()
        if process.returncode is None:
            process.kill()
        await process.wait()


async def fill_the_pipe(api: Api) -> str:
    """A session that was made on the way."""
    session_id = await api.new_session()
    async with asyncio.timeout(PATIENCE):
        for _ in range(MORE_THAN_IT_HOLDS):
            await api.call("GET", "/sessions")
    return session_id


async def test_a_log_that_nobody_reads_holds_up_nothing(tmp_path: Path, ollama_server: OllamaServer) -> None:
    async with logging_to_a_pipe(tmp_path, ollama_server.url) as (process, api, log):
        session_id = await fill_the_pipe(api)
        assert (await api.answer(session_id, "hello"))["message"]["content"] == "You said: hello"

        taken = await log.read_until(rb"/chat/\{session_id\} 200")
        assert taken.string.count(b"GET /api/v1/sessions 200") == MORE_THAN_IT_HOLDS, "read again, it has every line"
        assert process.returncode is None


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_a_log_that_nobody_reads_does_not_keep_the_server_from_its_end(
    stop: signal.Signals, tmp_path: Path, ollama_server: OllamaServer
) -> None:
    async with logging_to_a_pipe(tmp_path, ollama_server.url) as (process, api, _):
        await fill_the_pipe(api)
        process.send_signal(stop)
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0


async def test_the_last_lines_are_written_before_the_end(tmp_path: Path, ollama_server: OllamaServer) -> None:
    async with logging_to_a_pipe(tmp_path, ollama_server.url) as (process, api, log):
        await api.new_session()
        process.send_signal(signal.SIGTERM)
        assert (await log.read_until(rb"stopping\n.*\Z")).string.count(b"POST /api/v1/sessions 201") == 1
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0


async def test_a_log_whose_reader_has_gone_holds_up_nothing(tmp_path: Path, ollama_server: OllamaServer) -> None:
    async with logging_to_a_pipe(tmp_path, ollama_server.url) as (process, api, log):
        log.leave()
        session_id = await fill_the_pipe(api)
        assert (await api.answer(session_id, "hello"))["message"]["content"] == "You said: hello"
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0
