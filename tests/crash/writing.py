"""A process that only stores, as fast as it can, says what is stored, and is killed over it."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from domain.message import AssistantMessage, UserMessage
from domain.run import PartialAnswer, Run
from domain.session import Session
from tests.crash.forks import forked
from tests.crash.stores import opened

SESSION: Final = "0000000001"
AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_LONGEST_LIFE_SECONDS: Final = {"json": 0.12}
_LONGEST_LIFE_OF_OTHERS: Final = 0.25
"""A database begins slowly: its files or connections are opened with the first call."""
_TEXT: Final = "The quick brown fox jumps over the lazy dog. "


@dataclass(slots=True)
class Acknowledged:
    """What the killed writer said that it had stored."""

    appended: int = 0
    updated: int = 0
    flushed: int = 0
    created: list[str] = field(default_factory=list)


def message(number: int) -> UserMessage:
    """Every seventh is large, so that a write takes several moments."""
    content = f"{number} " + _TEXT * (2000 if number % 7 == 0 else 1)
    return UserMessage(message_id=f"{number:010x}", timestamp=AT, content=content)


def answer(length: int) -> AssistantMessage:
    text = (_TEXT * (length // len(_TEXT) + 1))[:length]
    return AssistantMessage(message_id="a" * 10, timestamp=AT, content=text, model="m")


def new_session(session_id: str) -> Session:
    return Session(session_id=session_id, model="m", created_at=AT, updated_at=AT)


def write_and_die(kind: str, folder: Path, round_number: int) -> Acknowledged:
    """What was acknowledged before the process was killed, at a random moment of its work."""
    child = forked(partial(_write_for_ever, kind, folder, round_number))
    with os.fdopen(child.said, "rb") as pipe:
        pipe.readline()
        longest = _LONGEST_LIFE_SECONDS.get(kind, _LONGEST_LIFE_OF_OTHERS)
        time.sleep(random.uniform(0, longest))  # noqa: S311 - chance, not secrets
        os.kill(child.pid, signal.SIGKILL)
        _, status = os.waitpid(child.pid, 0)
        said = pipe.read()
    if os.WTERMSIG(status) != signal.SIGKILL:
        raise SystemExit("the writer ended by itself")
    return _acknowledged(said)


async def _write_for_ever(kind: str, folder: Path, round_number: int, pipe: int) -> None:
    async with opened(kind, folder) as (sessions, runs):
        os.write(pipe, b"opened\n")
        run = Run(run_id=f"{round_number:016x}", session_id=SESSION, status="running", created_at=AT)
        await sessions.create(new_session(SESSION))
        await runs.claim(run)

        def tell(what: str, value: object) -> None:
            os.write(pipe, f"{what} {value}\n".encode())

        await asyncio.gather(
            _append(sessions, tell),
            _update(sessions, tell),
            _flush(runs, run, tell),
            _create(sessions, round_number, tell),
        )


Tell = Callable[[str, object], None]


async def _append(sessions: SessionStore, tell: Tell) -> None:
    count = (await sessions.load(SESSION)).message_count
    while True:
        await sessions.append(SESSION, [message(count)], AT)
        count += 1
        tell("appended", count)


async def _update(sessions: SessionStore, tell: Tell) -> None:
    def one_more(session: Session) -> Session:
        updates = session.extra.get("updates", 0)
        assert isinstance(updates, int)
        return replace(session, extra={"updates": updates + 1})

    while True:
        updated = await sessions.update(SESSION, one_more)
        tell("updated", updated.extra["updates"])
        await asyncio.sleep(0.003)


async def _flush(runs: RunStore, run: Run, tell: Tell) -> None:
    length = 0
    while True:
        length += random.randint(1, 500)  # noqa: S311 - chance, not secrets
        await runs.flush([PartialAnswer(session_id=SESSION, run_id=run.run_id, message=answer(length))])
        tell("flushed", length)


async def _create(sessions: SessionStore, round_number: int, tell: Tell) -> None:
    for number in range(1000):
        session_id = f"c{round_number:05x}{number:04x}"
        await sessions.create(new_session(session_id))
        tell("created", session_id)
        await asyncio.sleep(0.01)


def _acknowledged(said: bytes) -> Acknowledged:
    result = Acknowledged()
    for line in said.decode().splitlines():
        what, value = line.split()
        if what == "created":
            result.created.append(value)
        else:
            setattr(result, what, int(value))
    return result
