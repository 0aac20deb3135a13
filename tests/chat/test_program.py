"""The command, as a process of its own: on a terminal, and through pipes."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.chat.terminals import PATIENCE, chatting, environment
from tests.warm.programs import start_warm

AGENTS = Path(__file__).parents[2] / "examples" / "agents"

TOOL = '''
def order_rice_cakes(count: int) -> str:
    """Order rice cakes."""
    return f"\\x1b[2J\\x1b]0;title\\x07{count} rice cakes are on their way."
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "kitchen.py").write_text(TOOL)
    return tmp_path


def kept(folder: Path) -> list[dict[str, str]]:
    """The messages of the one session."""
    (path,) = (folder / "chat_sessions").glob("*.json")
    messages = json.loads(path.read_bytes())["messages"]
    assert isinstance(messages, list)
    return messages


class Ended(NamedTuple):
    returncode: int | None
    stdout: str
    stderr: str


async def piped(folder: Path, typed: str, *arguments: str) -> Ended:
    async with asyncio.timeout(PATIENCE):
        process = await start_warm("chat", *arguments, cwd=folder, env=environment(), typed=typed)
        output, errors = await process.communicate()
    return Ended(process.returncode, output.decode(), errors.decode())


def test_a_conversation_with_consent_on_a_terminal(folder: Path) -> None:
    with chatting(folder) as terminal:
        terminal.type("What is 12 * 7?\r")
        terminal.until("84.")
        terminal.until("> ")
        terminal.type("order 5 rice cakes\r")
        terminal.until('"count": 5')
        terminal.until("\n? ")
        terminal.type("y\r")
        shown = terminal.until("I called")
        terminal.until("> ")
        terminal.type("\x04")
        assert terminal.end() == 0

    assert "␛[2J␛]0;title␇5 rice cakes are on their way." in shown
    assert [message["role"] for message in kept(folder)[2:]] == ["user", "assistant", "tool", "assistant"]


def test_an_agent_works_with_consent_on_a_terminal(folder: Path) -> None:
    (folder / "agent_files").mkdir()
    (folder / "agent_files" / "soup.md").write_text("Rice and water.")
    with chatting(folder, "--agents-dir", str(AGENTS)) as terminal:
        terminal.type("ask the files agent to read soup.md\r")
        terminal.until("The agent files wants to call read_file with")
        terminal.until("\n? ")
        terminal.type("y\r")
        terminal.until("The agent files has ended.")
        shown = terminal.until("> ")
        terminal.type("\x04")
        assert terminal.end() == 0

    assert 'The agent files reports: I called read_file, and it answered: "Rice and water."' in " ".join(shown.split())


def test_ctrl_c_ends_the_answer_and_not_the_program(folder: Path) -> None:
    with chatting(folder) as terminal:
        terminal.type("tell me a story\r")
        terminal.until("Once there was")
        terminal.type("\x03\x03")
        terminal.until("Cancelled. What was written is kept.")
        terminal.until("> ")
        terminal.type("half a line\x03")
        terminal.until("> ")
        terminal.type("What is 12 * 7?\r")
        terminal.until("84.")
        terminal.until("> ")
        terminal.type("/quit\r")
        assert terminal.end() == 0

    assert kept(folder)[1]["done_reason"] == "cancelled"
    assert kept(folder)[1]["content"].startswith("Once there was")
    assert kept(folder)[2]["content"] == "What is 12 * 7?"


def test_a_signal_to_end_keeps_the_text_as_a_server_does(folder: Path) -> None:
    with chatting(folder) as terminal:
        terminal.type("tell me a story\r")
        terminal.until("Once there was")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == 130

    assert kept(folder)[1]["done_reason"] == "interrupted"


def test_a_terminal_that_is_gone_keeps_the_text_as_a_server_does(folder: Path) -> None:
    with chatting(folder) as terminal:
        terminal.type("tell me a story\r")
        terminal.until("Once there was")
        terminal.hang_up()

    assert kept(folder)[1]["done_reason"] == "interrupted"


def test_what_is_typed_before_a_question_does_not_agree_to_it(folder: Path) -> None:
    with chatting(folder) as terminal:
        terminal.type("order 5 rice cakes\ry\r")
        terminal.until("\n? ")
        terminal.type("n\r")
        terminal.until("Why?")
        terminal.until("\n? ")
        terminal.type("too many\r")
        terminal.until("you did not allow it")
        terminal.until("> ")
        terminal.type("\x04")
        assert terminal.end() == 0


async def test_a_session_is_gone_on_with(folder: Path) -> None:
    await piped(folder, "What is 12 * 7?\n", "--llm", "demo")
    (path,) = (folder / "chat_sessions").glob("*.json")

    with chatting(folder, "--session", path.stem) as terminal:
        terminal.type("/history\r")
        terminal.until("12 * 7 = 84.")
        terminal.until("> ")
        terminal.type("\x04")
        assert terminal.end() == 0


async def test_a_pipe_gets_the_answer_and_nothing_else(folder: Path) -> None:
    ended = await piped(folder, "What is 12 * 7?\n", "--llm", "demo")

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "12 * 7 = 84.\n", "")


async def test_without_a_terminal_a_tool_that_asks_is_denied(folder: Path) -> None:
    ended = await piped(folder, "order 5 rice cakes\n", "--llm", "demo")

    assert ended.returncode == 0
    assert "you did not allow it" in ended.stdout
    assert "not held on a terminal" in ended.stderr
    assert "\x1b" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("typed", "arguments", "told"),
    [
        ("hello\n", ["--ollama-host", "http://127.0.0.1:9"], "OLLAMA_UNREACHABLE"),
        ("hello\n", ["--llm", "demo", "--model", "nowhere"], "MODEL_NOT_FOUND"),
        ("hello\n", ["--llm", "demo", "--session", "0123456789"], "SESSION_NOT_FOUND"),
        ("/hlep\n", ["--llm", "demo"], "Is /help meant?"),
    ],
)
async def test_what_goes_wrong_is_told_in_one_line(folder: Path, typed: str, arguments: list[str], told: str) -> None:
    ended = await piped(folder, typed, *arguments)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert told in ended.stderr
    assert ended.stderr.startswith("mochi-server chat: ")
    assert ended.stderr.count("\n") == 1


async def test_a_wrong_flag_is_told_in_one_line(folder: Path) -> None:
    ended = await piped(folder, "", "--port", "1")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "mochi-server: unrecognized arguments: --port 1 (see mochi-server chat --help)\n"


def test_a_reader_that_has_read_enough_is_no_failure_worth_a_traceback(folder: Path) -> None:
    command = f"echo 'tell me a story' | {sys.executable} -P -m mochi_server chat --llm demo | head -c 5"
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert (ended.stdout, ended.stderr) == ("Once ", "")


def test_the_server_loads_nothing_of_the_chat() -> None:
    # Not rich: where it and click happen to be installed, as they are here, httpx loads it for a command of its own.
    names = "{'markdown_it', 'prompt_toolkit', 'entrypoints.chat'}"
    program = (
        f"import sys, entrypoints.cli, entrypoints.lifespan, entrypoints.serving; print({names} & set(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE
    )

    assert loaded.stdout == "set()\n"
