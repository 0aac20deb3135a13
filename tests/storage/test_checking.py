"""What a check finds."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.codec.transfer import digest_of
from application.use_cases.check_sessions import CheckSessions
from application.use_cases.copy_sessions import CopySessions
from application.use_cases.storage_reports import Problem
from domain.errors import SessionCorrupt
from tests.contracts.samples import session, user
from tests.contracts.stores import RUN_STORES, SESSION_STORES, json_runs, json_sessions, sqlite_sessions
from tests.contracts.test_run_store import ended, run
from tests.databases import sqlite_file


@pytest.mark.parametrize("kind", SESSION_STORES)
async def test_everything_is_counted(kind: str, tmp_path: Path) -> None:
    async with SESSION_STORES[kind](tmp_path) as sessions, RUN_STORES[kind](tmp_path) as runs:
        await sessions.create(session(1, user(1), user(2)))
        await sessions.create(session(2))
        await runs.update(ended(run(1, session_id=session(1).session_id)))
        await runs.claim(run(2, session_id=session(1).session_id))
        steps: list[tuple[int, int]] = []
        checked = await CheckSessions(sessions=sessions, runs=runs)(lambda done, total: steps.append((done, total)))
    assert (checked.sessions, checked.messages, checked.runs, checked.open_runs) == (2, 2, 2, 1)
    assert checked.problems == []
    assert steps == [(0, 2), (1, 2), (2, 2)]


async def test_what_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    async with json_sessions(tmp_path) as sessions, json_runs(tmp_path) as runs:
        for number in range(3):
            await sessions.create(replace(session(number), model="m"))
        (tmp_path / "0000000001.json").write_text('{"metadata": {"session_id": "0000000002"}}')
        checked = await CheckSessions(sessions=sessions, runs=runs)(lambda *_: None)
    assert checked.sessions == 2
    [problem] = checked.problems
    assert problem.name == "0000000001"
    assert problem.reason == "it cannot be read: its session_id is not the one that the file is named after"


async def test_a_damaged_row_is_named_by_checks_and_copies_and_left_as_it_is(tmp_path: Path) -> None:
    async with sqlite_sessions(tmp_path) as sessions:
        for number in range(3):
            await sessions.create(session(number, user(1)))
    damage(sqlite_file(tmp_path), session(1).session_id)
    async with sqlite_sessions(tmp_path) as sessions, json_sessions(tmp_path / "copy") as target:
        checked = await CheckSessions(sessions=sessions, runs=None)(lambda *_: None)
        copy = CopySessions(source=sessions, target=target, runs=None, digest_of=digest_of)
        copied = await copy(lambda *_: None)
        assert checked.problems == copied.problems == [Problem("0000000001", "it cannot be read: it is not valid JSON")]
        assert (checked.sessions, copied.copied) == (2, 2)
        assert list(await target.session_ids()) == [session(0).session_id, session(2).session_id]
        with pytest.raises(SessionCorrupt):
            await sessions.load(session(1).session_id)


def damage(database: Path, session_id: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE mochi_sessions SET document = '{' WHERE session_id = ?", (session_id,))
