"""What the README promises."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import pytest

from entrypoints.settings import Settings, variable_of

README = (Path(__file__).parents[2] / "README.md").read_text()
ROW = re.compile(r"^\| `(MOCHI_\w+)` \| (?:`([^`]+)`|none) \|", re.MULTILINE)
PYTHON_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
SHELL_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
PORT_IN_EXAMPLES = "8000"


def test_the_table_has_every_setting_with_its_default() -> None:
    promised = {variable: default or "none" for variable, default in ROW.findall(README)}

    assert promised == {variable_of(name): written(field.default) for name, field in Settings.model_fields.items()}


def written(default: object) -> str:
    match default:
        case bool():
            return str(default).lower()
        case None | ():
            return "none"
        case _:
            return str(default)


def test_the_program_that_embeds_the_use_cases_runs(tmp_path: Path) -> None:
    assert output_of(program_with("from mochi_server import"), tmp_path) == "12 * 7 = 84.\ncompleted\n"


def test_the_client_in_python_reads_an_answer(tmp_path: Path) -> None:
    with demo_server(tmp_path) as port:
        client = program_with("http.client").replace(PORT_IN_EXAMPLES, str(port))
        lines = output_of(client, tmp_path).splitlines()

    assert [line.split(" ", 1)[0] for line in lines] == [
        "run_start",
        *["content_delta"] * 5,
        "message_complete",
        "done",
    ]
    assert "'status': 'completed'" in lines[-1]


def test_a_tool_asks_in_one_terminal_and_is_agreed_to_in_another(tmp_path: Path) -> None:
    with demo_server(tmp_path) as port, terminal(shell_with("tools/kitchen.py", port), tmp_path) as asking:
        assert asking.stdout is not None
        before = until("confirmation_id", asking.stdout)
        answer = subprocess.run(
            ["bash", "-c", shell_with("confirm-tool", port)],
            check=True,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
        )
        after = asking.stdout.read()

    assert '"tools_count":1' in before
    assert '"arguments":{"count":12}' in before
    assert answer.stdout in README
    assert '"result":"12 plain rice cakes are on their way."' in after
    assert '"status":"completed"' in after


def program_with(text: str) -> str:
    (program,) = (block for block in PYTHON_BLOCK.findall(README) if text in block)
    return str(program)


def shell_with(text: str, port: int) -> str:
    (commands,) = (block for block in SHELL_BLOCK.findall(README) if text in block)
    return str(commands).replace(PORT_IN_EXAMPLES, str(port))


@contextmanager
def terminal(commands: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(["bash", "-c", commands], cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def until(text: str, lines: IO[str]) -> str:
    """What was read, the first line with `text` included."""
    seen = ""
    for line in lines:
        seen += line
        if text in line:
            return seen
    pytest.fail(f"{text!r} did not come:\n{seen}")


def output_of(program: str, folder: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    if result.returncode != 0:
        pytest.fail(result.stderr)
    return result.stdout


@contextmanager
def demo_server(folder: Path, program: Sequence[str] = (sys.executable, "-m", "mochi_server")) -> Iterator[int]:
    """The port of a server with the demo model, as the README starts it."""
    command = [*program, "--port", "0"]
    settings = {"MOCHI_LLM": "demo", "MOCHI_DATA_DIR": str(folder)}
    with subprocess.Popen(
        command, cwd=folder, env=environment() | settings, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            address = re.search(r"http://\S+[^\s,]", process.stderr.readline())
            assert address is not None
            port = urlsplit(address[0]).port
            assert port is not None
            yield port
        finally:
            process.terminate()


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MOCHI_")}
