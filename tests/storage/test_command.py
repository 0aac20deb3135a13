"""`mochi-server storage copy` and `check`, typed."""

import asyncio
import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from entrypoints.cli import main
from tests.contracts.samples import after, user
from tests.contracts.stores import json_sessions
from tests.databases import postgres_url
from tests.doubles.ollama_server.script import Gate, Piece, Reply
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.servers import running
from tests.storage.commands import PATIENCE, fill, first_sessions_in, sessions_in, started

MANY = 400


Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """What the command says when it is typed in `tmp_path`: exit code, standard output, standard error output."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["storage", *arguments])
        output, errors = capsys.readouterr()
        return code, output, errors

    return run


def test_a_copy_moves_everything_and_a_second_one_nothing(tmp_path: Path, typed: Type) -> None:
    kept = asyncio.run(fill(tmp_path / "old", 3))
    command = ("copy", "--from", "json", "--to", "./new", "--data-dir", "old")
    code, output, errors = typed(*command)
    assert (code, errors) == (0, "")
    assert output.splitlines()[1:] == [
        "sessions: 3 copied, 0 there already, with 1 record of runs",
        "agents' sessions: 1 copied, 0 there already",
        "prompts: 1 copied, 0 there already",
        "4 sessions were read back from the target: their content is that of the source",
    ]
    assert asyncio.run(sessions_in(tmp_path / "new")) == kept
    code, output, errors = typed(*command)
    assert (code, errors) == (0, "")
    assert "sessions: 0 copied, 3 there already\n" in output


def test_what_goes_through_a_database_comes_back_as_the_same_files(tmp_path: Path, typed: Type) -> None:
    asyncio.run(fill(tmp_path, 3))
    for source, target in (("json", "sql"), ("sql", "sqlite:///other.db"), ("sqlite:///other.db", "./back")):
        code, output, errors = typed("copy", "--from", source, "--to", target)
        assert (code, errors) == (0, "")
        assert "sessions: 3 copied, 0 there already, with 1 record of runs" in output
        assert "agents' sessions: 1 copied, 0 there already" in output
    for name in ("chat_sessions", "agents/agent_chats", "system_prompts"):
        old, new = (
            {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
            for folder in (tmp_path / name, tmp_path / "back" / name)
        )
        assert old == new != {}


def test_a_copy_to_postgresql_shows_no_password_and_a_check_counts_it(tmp_path: Path, typed: Type) -> None:
    asyncio.run(fill(tmp_path, 3))
    address = asyncio.run(postgres_url(tmp_path))
    password = address.password or "secret"  # A server that asks for none takes any.
    url = address.set(password=password).render_as_string(hide_password=False)
    code, output, errors = typed("copy", "--from", "json", "--to", url)
    assert (code, errors) == (0, "")
    assert "4 sessions were read back" in output
    assert password not in output
    code, output, errors = typed("check", "--storage", "sql", "--database-url", url)
    assert (code, errors) == (0, "")
    assert "sessions: 3, 15 messages, 1 record of runs" in output


def test_what_is_corrupt_or_different_is_named_and_the_rest_is_copied(tmp_path: Path, typed: Type) -> None:
    kept = asyncio.run(fill(tmp_path / "old", 4))
    (tmp_path / "old" / "chat_sessions" / "ffffffffff.json").write_text("{")
    typed("copy", "--from", "./old", "--to", "./new")
    asyncio.run(change_in(tmp_path / "new", continued=kept[0].session_id, deleted=kept[1].session_id))
    code, output, errors = typed("copy", "--from", "./old", "--to", "./new")
    assert code == 1
    assert "sessions: 1 copied, 2 there already" in output
    first, second, last = errors.splitlines()
    assert first.startswith(f"sessions: {kept[0].session_id}: the target has a session of this id with other content")
    assert second == "sessions: ffffffffff: it cannot be read: it is not valid JSON"
    assert last == "mochi-server storage: 2 problems, named above"
    assert (tmp_path / "old" / "chat_sessions" / "ffffffffff.json").read_text() == "{"


async def change_in(data_folder: Path, *, continued: str, deleted: str) -> None:
    async with json_sessions(data_folder / "chat_sessions") as sessions:
        await sessions.append(continued, [user(99)], after(99))
        await sessions.delete(deleted)


def test_a_check_counts_and_names_what_is_corrupt(tmp_path: Path, typed: Type) -> None:
    asyncio.run(fill(tmp_path, 3))
    code, output, errors = typed("check")
    assert (code, errors) == (0, "")
    assert output.splitlines()[1:] == [
        "sessions: 3, 15 messages, 1 record of runs",
        "agents' sessions: 1, 1 message",
        "prompts: 1",
    ]
    (tmp_path / "chat_sessions" / "ffffffffff.json").write_text("[]")
    code, output, errors = typed("check", "--storage", "json")
    assert code == 1
    assert "sessions: 3, 15 messages" in output
    assert errors.splitlines()[0] == "sessions: ffffffffff: it cannot be read: it is not an object"


def test_on_a_terminal_a_bar_shows_how_far_it_is(tmp_path: Path) -> None:
    asyncio.run(fill(tmp_path / "old", 5))
    ours, terminal = pty.openpty()
    command = [sys.executable, "-P", "-m", "mochi_server", "storage", "copy", "--from", "./old", "--to", "./new"]
    environment = {**os.environ, "TERM": "xterm"}
    subprocess.run(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=terminal, check=True)
    os.close(terminal)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "copying sessions" in shown
    assert "5/5" in shown


async def cut(folder: Path, how: signal.Signals) -> tuple[int, int | None, str]:
    """A copy that gets a signal in the middle of its work: how much it had done before, its exit code, and errors.

    On a busy machine a copy may be done before this process has its turn; then another one is made.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            copying = await started(folder, "copy", "--from", "./old", "--to", "./new")
            begun = await asyncio.to_thread(first_sessions_in, folder / "new")
            with suppress(ProcessLookupError):
                copying.send_signal(how)
            _, errors = await copying.communicate()
            if copying.returncode != 0:
                return begun, copying.returncode, errors.decode()
            await asyncio.to_thread(shutil.rmtree, folder / "new")


async def test_a_killed_copy_goes_on_where_it_was(tmp_path: Path, typed: Type) -> None:
    kept = await fill(tmp_path / "old", MANY)
    begun, _, _ = await cut(tmp_path, signal.SIGKILL)
    code, output, _ = await asyncio.to_thread(typed, "copy", "--from", "./old", "--to", "./new")
    numbers = [int(word) for word in output.splitlines()[1].replace(",", "").split() if word.isdigit()]
    assert code == 0
    assert sum(numbers[:2]) == MANY
    assert begun <= numbers[1] < MANY
    assert await sessions_in(tmp_path / "new") == kept
    assert list((tmp_path / "new").rglob(".tmp-*")) == []


async def test_a_copy_that_is_interrupted_says_that_it_can_go_on(tmp_path: Path) -> None:
    await fill(tmp_path / "old", MANY)
    _, code, errors = await cut(tmp_path, signal.SIGINT)
    assert (code, errors) == (130, "mochi-server storage: stopped; the same command goes on from here\n")


async def test_a_session_that_a_server_works_on_waits_for_its_end(
    tmp_path: Path, ollama_server: OllamaServer, typed: Type
) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("Once"), gate, Piece(" upon a time")]))
    (tmp_path / "old").mkdir()
    async with running(tmp_path / "old", ollama_server.url) as (_, api):
        session_id = await api.new_session()
        async with api.stream(session_id) as events:
            await events.until_text("Once")
            code, output, errors = await asyncio.to_thread(typed, "copy", "--from", "./old", "--to", "./new")
            assert (code, "sessions: 0 copied" in output) == (1, True)
            assert errors.startswith(f"sessions: {session_id}: a run of it has not ended")
            gate.opened.set()
            await events.rest()
    code, output, errors = await asyncio.to_thread(typed, "copy", "--from", "./old", "--to", "./new")
    assert (code, errors) == (0, "")
    assert (await sessions_in(tmp_path / "new"))[0].messages[-1].content == "Once upon a time"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["copy", "--from", "memory", "--to", "./new"], "what is kept in memory is gone with its server"),
        (["copy", "--from", "json", "--to", "memory"], "what is kept in memory is gone with its server"),
        (["copy", "--from", "jsn", "--to", "./new"], "wrong value 'jsn' for --from: choose "),
        (["copy", "--from", "json", "--to", "./new/../."], "--from and --to are the same place: "),
        (["copy", "--from", "sql", "--to", "sqlite:///mochi.db"], "--from and --to are the same place: sql, "),
        (["copy", "--from", "sql", "--to", "json"], "nothing is kept there: no file "),
        (["copy", "--from", "mysql://me:secret@db/x", "--to", "json"], "wrong address for --from"),
        (["copy", "--from", "./nowhere", "--to", "json"], "nothing is kept there: no folder "),
        (["copy", "--from", "json", "--to", "./file/x"], "wrong value for MOCHI_DATA_DIR"),
        (["check", "--data-dir", "nowhere"], "nothing is kept there: no folder "),
        (["check", "--data-dir", "long" * 100], " cannot be looked at: File name too long"),
        (
            ["copy", "--from", f"sqlite:///{'long' * 100}.db", "--to", "json"],
            " cannot be looked at: File name too long",
        ),
        (["check", "--storage", "memory"], "what is kept in memory is gone with its server"),
    ],
)
def test_a_place_that_cannot_be_meant_is_told_in_one_line(
    arguments: list[str], complaint: str, tmp_path: Path, typed: Type
) -> None:
    (tmp_path / "chat_sessions").mkdir()
    (tmp_path / "new").mkdir()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    code, _, errors = typed(*arguments)
    assert code == 2
    assert errors.startswith("mochi-server: ")
    assert complaint in errors
    assert "secret" not in errors
    assert errors.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "the following arguments are required: copy|check|upgrade"),
        (["move"], "argument copy|check|upgrade: invalid choice: 'move'"),
        (["copy", "--from", "json"], "the following arguments are required: --to"),
        (["copy", "--from", "json", "--to", "./x", "--storage", "json"], "unrecognized arguments: --storage json"),
    ],
)
def test_wrong_use_is_told_in_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["storage", *arguments])
    assert ended.value.code == 2
    errors = capsys.readouterr().err
    assert complaint in errors
    assert errors.count("\n") == 1
