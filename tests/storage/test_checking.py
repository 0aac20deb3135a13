"""What a check finds."""

from dataclasses import replace
from pathlib import Path

import pytest

from application.use_cases.check_sessions import CheckSessions
from tests.contracts.samples import session, user
from tests.contracts.stores import RUN_STORES, SESSION_STORES, json_runs, json_sessions
from tests.contracts.test_run_store import ended, run


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
