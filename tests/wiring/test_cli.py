"""The command, as a process of its own."""

import asyncio
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import orjson
import pytest

from entrypoints.cli import main
from tests.warm.programs import WarmProcess, start_warm

PATIENCE = 20.0
"""Seconds for what takes one or two on an idle machine."""


AS_USERS_DO = ("-P", "-m", "mochi_server")


def environment(folder: Path, **variables: str) -> dict[str, str]:
    outer = {name: value for name, value in os.environ.items() if not name.upper().startswith("MOCHI_")}
    return {**outer, "TMPDIR": str(folder), **variables}


@asynccontextmanager
async def started(
    folder: Path, *arguments: str, program: Sequence[str] = AS_USERS_DO, **variables: str
) -> AsyncIterator[Process | WarmProcess]:
    """By Python, with the arguments `program`; where there are none, forked from a process that has the imports."""
    process = await _process(folder, program, arguments, environment(folder, **variables))
    try:
        async with asyncio.timeout(PATIENCE):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _process(
    folder: Path, program: Sequence[str], arguments: Sequence[str], variables: Mapping[str, str]
) -> Process | WarmProcess:
    if not program:
        return await start_warm(*arguments, cwd=folder, env=variables)
    return await asyncio.create_subprocess_exec(
        sys.executable, *program, *arguments, cwd=folder, env=variables, stdout=PIPE, stderr=PIPE
    )


async def result_of(
    folder: Path, *arguments: str, program: Sequence[str] = AS_USERS_DO, **variables: str
) -> tuple[int, str, str]:
    async with started(folder, *arguments, program=program, **variables) as process:
        output, errors = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode(), errors.decode()


async def line_with(process: Process | WarmProcess, text: str) -> str:
    assert process.stderr
    seen = ""
    async for line in process.stderr:
        seen += line.decode()
        if text in line.decode():
            return line.decode()
    raise AssertionError(f"the log ended without {text!r}:\n{seen}")


def url_in(line: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found, line
    return found[0]


def test_help_names_every_flag_and_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    text = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    for flag in (
        "--host",
        "--ollama-host",
        "--data-dir",
        "--log-level",
        "--reload",
        "--version",
        "chat [flags]",
        "demo [--keep]",
    ):
        assert flag in text
    assert "(default: 33554432)" in text


def test_an_unknown_flag_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--prot", "1"])

    assert ended.value.code == 2
    assert capsys.readouterr().err == "mochi-server: unrecognized arguments: --prot 1 (see mochi-server --help)\n"


@pytest.mark.parametrize("name", ["data_dir", "sessions_dir", "system_prompts_dir"])
def test_a_folder_that_is_a_file_ends_the_start(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()

    assert main([f"--{name.replace('_', '-')}", str(tmp_path / "file")]) == 2

    errors = capsys.readouterr().err
    assert f"MOCHI_{name.upper()}" in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize("name", ["data_dir", "tools_dir"])
def test_a_folder_that_cannot_be_looked_at_ends_the_start(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unseen = tmp_path / ("long" * 100)  # A name that no file system looks at, even for those who may do everything.

    assert main(["--data-dir", str(tmp_path), f"--{name.replace('_', '-')}", str(unseen)]) == 2

    errors = capsys.readouterr().err
    assert f"MOCHI_{name.upper()}" in errors
    assert errors.count("\n") == 1


async def test_the_version_is_the_packages(tmp_path: Path) -> None:
    code, output, _ = await result_of(tmp_path, "--version")

    assert code == 0
    assert re.fullmatch(r"mochi-server \d+\.\d+\.\d+\S*\n", output)


async def test_a_wrong_value_ends_the_start_with_one_line(tmp_path: Path) -> None:
    code, output, errors = await result_of(tmp_path, MOCHI_PORT="many")

    assert (code, output) == (2, "")
    assert errors.startswith("mochi-server: wrong value 'many' for MOCHI_PORT (--port): ")
    assert errors.count("\n") == 1


async def test_it_serves_where_its_log_says_until_it_is_told_to_stop(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MOCHI_LLM=demo\nMOCHI_LOG_FORMAT=json\n")

    async with started(tmp_path, "--port", "0", "--data-dir", "new/data", MOCHI_PORT="1", MOCHI_PROT="2") as process:
        warning = orjson.loads(await line_with(process, "MOCHI_PROT"))
        line = orjson.loads(await line_with(process, "listens on"))
        async with aiohttp.ClientSession() as http, http.get(f"{line['urls'][0]}/api/v1/health") as response:
            health = await response.json()
        process.send_signal(signal.SIGTERM)
        code = await process.wait()

    assert warning["level"] == "WARNING"
    assert url_in(line["message"]) == line["urls"][0]
    assert health["status"] == "ok"
    assert health["ollama_connected"] is None
    assert code == 0
    assert (tmp_path / "new" / "data").is_dir()


async def test_a_line_of_the_env_file_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MOCHI_LLM=demo\nno setting at all\n")

    async with started(tmp_path, "--port", "0") as process:
        seen = [await line_with(process, "could not parse"), await line_with(process, "listens on")]
        process.send_signal(signal.SIGTERM)
        rest = (await process.communicate())[1].decode()

    assert " WARNING " in seen[0]
    assert "line 2" in seen[0]
    assert "could not parse" not in rest


async def test_a_wrong_value_stays_one_line_beside_a_line_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MOCHI_PORT=many\nno setting at all\n")

    _, _, errors = await result_of(tmp_path)

    assert errors.startswith("mochi-server: wrong value 'many' for MOCHI_PORT")
    assert errors.count("\n") == 1


async def test_a_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, errors = await result_of(tmp_path, "--port", str(port), "--llm", "demo")

    assert code == 1
    assert errors.count("\n") == 1
    assert f"port {port}: address already in use; choose another MOCHI_PORT (--port)" in errors


@pytest.mark.parametrize(("keys", "is_warned"), [("", True), ("key", False)])
async def test_an_open_door_is_told_loudly(keys: str, tmp_path: Path, *, is_warned: bool) -> None:
    async with started(tmp_path, "--host", "0.0.0.0", "--port", "0", "--llm", "demo", MOCHI_API_KEYS=keys) as process:
        await line_with(process, "listens on")
        process.send_signal(signal.SIGINT)
        rest = (await process.communicate())[1].decode()

    assert ("ANYONE WHO CAN REACH" in rest) == is_warned
    assert process.returncode == 0


STUCK_AT_ITS_END = """
import asyncio
from aiohttp import web
from entrypoints.serving import serve
from entrypoints.settings import Settings

async def tell(app):
    print("started", flush=True)

async def hang(app):
    print("hanging", flush=True)
    await asyncio.Event().wait()

app = web.Application()
app.on_startup.append(tell)
app.on_shutdown.append(hang)
asyncio.run(serve(app, Settings(port=0)))
"""


async def test_a_second_interrupt_forces_the_end(tmp_path: Path) -> None:
    async with started(tmp_path, program=("-c", STUCK_AT_ITS_END)) as process:
        assert process.stdout
        assert await process.stdout.readline() == b"started\n"
        process.send_signal(signal.SIGINT)
        assert await process.stdout.readline() == b"hanging\n"
        process.send_signal(signal.SIGINT)
        code = await process.wait()

    assert code == 130


async def test_a_change_starts_it_again(tmp_path: Path) -> None:
    async with started(tmp_path, "--reload", "--port", "0", "--llm", "demo") as process:
        first = url_in(await line_with(process, "listens on"))
        (tmp_path / ".env").write_text("MOCHI_LOG_FORMAT=json\n")
        second = await line_with(process, "listens on")
        process.send_signal(signal.SIGTERM)
        code = await process.wait()

    assert first
    assert orjson.loads(second)["level"] == "INFO"
    assert code == 0


async def test_the_demo_holds_its_conversation_and_leaves_nothing(tmp_path: Path) -> None:
    code, output, errors = await result_of(tmp_path, "demo", MOCHI_PORT="wrong", MOCHI_API_KEYS="key")

    assert (code, errors) == (0, "")
    for part in ("event: run_start", "event: thinking_delta", "Last-Event-ID", "Nothing was lost", "ollama pull"):
        assert part in output
    question, answer, result = (
        output.index(part)
        for part in (
            "event: tool_call_confirmation_required\n      data: {",
            '"approved":true}',
            '"result":"12 plain rice cakes are on their way."',
        )
    )
    assert question < answer < result
    assert "\033" not in output
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - an async function must not use pathlib
