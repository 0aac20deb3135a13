"""The command as a process of its own, over data folders that a test fills."""

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from domain.session import Session
from tests.contracts.samples import rich_session, session, user
from tests.contracts.stores import json_runs, json_sessions
from tests.contracts.test_run_store import ended, run

PATIENCE = 30.0
"""Seconds for what takes two on an idle machine."""


async def started(folder: Path, *arguments: str) -> Process:
    outer = {name: value for name, value in os.environ.items() if not name.upper().startswith("MOCHI_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-m", "mochi_server", "storage", *arguments),
        cwd=folder,
        env=outer,
        stdout=PIPE,
        stderr=PIPE,
    )


async def fill(data_folder: Path, count: int) -> list[Session]:
    """`count` sessions, one of them rich and one with a run, an agent's own session, and a prompt."""
    kept = [rich_session(), *(session(number, user(number, "Hello " * 500)) for number in range(1, count))]
    folder = data_folder / "chat_sessions"
    async with json_sessions(folder) as sessions, json_runs(folder) as runs:
        for each in kept:
            await sessions.create(each)
        await runs.update(ended(run(1, session_id=kept[1].session_id)))
    async with json_sessions(data_folder / "agents" / "agent_chats") as sessions:
        await sessions.create(session(1, user(1, "Cook."), model="agent"))
    (data_folder / "system_prompts").mkdir()
    (data_folder / "system_prompts" / "kind.md").write_text("Be kind.")
    return sorted(kept, key=lambda each: each.session_id)


async def sessions_in(data_folder: Path) -> list[Session]:
    async with json_sessions(data_folder / "chat_sessions") as sessions:
        return [await sessions.load(session_id) for session_id in await sessions.session_ids()]


def first_sessions_in(data_folder: Path) -> int:
    """How many there are, as soon as there are any. It blocks: for a thread."""
    while not (found := len(list(data_folder.glob("chat_sessions/*.json")))):
        time.sleep(0.001)
    return found
