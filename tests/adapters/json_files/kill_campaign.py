"""Kill a writing process again and again, and see what it leaves: `python kill_campaign.py --kills 500`.

Each round forks a writer that appends, updates, creates and flushes as fast as it can and says so through a pipe;
kills it with SIGKILL at a random moment; then opens the folder anew and looks whether every file can be read, every
acknowledged write is there, and nothing temporary is left. Exits with 1 where anything is amiss.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from adapters.json_files.run_store import JsonRunStore
from adapters.json_files.session_store import JsonSessionStore
from domain.message import AssistantMessage, UserMessage
from domain.run import PartialAnswer, Run
from domain.session import Session

SESSION: Final = "0000000001"
CREATED_PREFIX: Final = "c"
AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
LONGEST_LIFE_SECONDS: Final = 0.12
TEXT: Final = "The quick brown fox jumps over the lazy dog. "


@dataclass(slots=True)
class Acknowledged:
    """What the killed writer said that it had stored."""

    appended: int = 0
    updated: int = 0
    flushed: int = 0
    created: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    kills: int = 0
    appended: int = 0
    flushed: int = 0
    created: int = 0
    faults: list[str] = field(default_factory=list)


def message(number: int) -> UserMessage:
    """Every seventh is large, so that a write takes several moments."""
    content = f"{number} " + TEXT * (2000 if number % 7 == 0 else 1)
    return UserMessage(message_id=f"{number:010x}", timestamp=AT, content=content)


def answer(length: int) -> AssistantMessage:
    text = (TEXT * (length // len(TEXT) + 1))[:length]
    return AssistantMessage(message_id="a" * 10, timestamp=AT, content=text, model="m")


async def write_for_ever(folder: Path, pipe: int, round_number: int) -> None:
    sessions, runs = JsonSessionStore(folder), JsonRunStore(folder)
    await sessions.open()
    await runs.open()
    run = Run(run_id=f"{round_number:016x}", session_id=SESSION, status="running", created_at=AT)
    await sessions.create(Session(session_id=SESSION, model="m", created_at=AT, updated_at=AT))
    await runs.claim(run)
    os.write(pipe, b"claimed 1\n")
    await asyncio.gather(
        _append(sessions, pipe), _update(sessions, pipe), _flush(runs, run, pipe), _create(sessions, pipe, round_number)
    )


async def _append(sessions: JsonSessionStore, pipe: int) -> None:
    count = (await sessions.load(SESSION)).message_count
    while True:
        await sessions.append(SESSION, [message(count)], AT)
        count += 1
        os.write(pipe, b"appended %d\n" % count)


async def _update(sessions: JsonSessionStore, pipe: int) -> None:
    def one_more(session: Session) -> Session:
        updates = session.extra.get("updates", 0)
        assert isinstance(updates, int)
        return replace(session, extra={"updates": updates + 1})

    while True:
        updated = await sessions.update(SESSION, one_more)
        os.write(pipe, f"updated {updated.extra['updates']}\n".encode())
        await asyncio.sleep(0.003)


async def _flush(runs: JsonRunStore, run: Run, pipe: int) -> None:
    length = 0
    while True:
        length += random.randint(1, 500)  # noqa: S311 - chance, not secrets
        await runs.flush([PartialAnswer(session_id=SESSION, run_id=run.run_id, message=answer(length))])
        os.write(pipe, b"flushed %d\n" % length)


async def _create(sessions: JsonSessionStore, pipe: int, round_number: int) -> None:
    for number in range(1000):
        session_id = f"{CREATED_PREFIX}{round_number:05x}{number:04x}"
        await sessions.create(Session(session_id=session_id, model="m", created_at=AT, updated_at=AT))
        os.write(pipe, b"created %s\n" % session_id.encode())
        await asyncio.sleep(0.01)


def run_and_kill(folder: Path, round_number: int) -> Acknowledged:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            asyncio.run(write_for_ever(folder, writing, round_number))
        finally:
            os._exit(3)
    os.close(writing)
    time.sleep(random.uniform(0.01, LONGEST_LIFE_SECONDS))  # noqa: S311 - chance, not secrets
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    if os.WTERMSIG(status) != signal.SIGKILL:
        raise SystemExit("the writer ended by itself")
    return acknowledged(said)


def acknowledged(said: bytes) -> Acknowledged:
    result = Acknowledged()
    for line in said.decode().splitlines():
        what, value = line.split()
        if what == "appended":
            result.appended = int(value)
        elif what == "updated":
            result.updated = int(value)
        elif what == "flushed":
            result.flushed = int(value)
        elif what == "created":
            result.created.append(value)
    return result


def look_at(folder: Path) -> tuple[list[str], set[str]]:
    """What should not be there, and the sessions that are."""
    return [f"temporary: {path.name}" for path in folder.rglob(".tmp-*")], {path.stem for path in folder.glob("*.json")}


async def faults_left(folder: Path, round_number: int, said: Acknowledged) -> list[str]:
    sessions, runs = JsonSessionStore(folder), JsonRunStore(folder)
    await sessions.open()
    await runs.open()
    try:
        faults, files = look_at(folder)
        listed = {overview.session_id for overview in (await sessions.list_sessions()).sessions}
        faults += [f"unreadable: {session_id}" for session_id in files - listed]
        faults += [f"creation lost: {session_id}" for session_id in said.created if session_id not in listed]
        if SESSION in listed:
            faults += _faults_of(await sessions.load(SESSION), said)
        elif said.appended:
            faults.append("session lost")
        faults += [fault async for fault in _faults_of_runs(runs, round_number, said)]
        return faults
    finally:
        await runs.aclose()
        await sessions.aclose()


def _faults_of(session: Session, said: Acknowledged) -> Iterator[str]:
    if session.message_count < said.appended:
        yield f"messages lost: {said.appended - session.message_count}"
    if session.messages != tuple(message(number) for number in range(session.message_count)):
        yield "messages changed"
    updates = session.extra.get("updates", 0)
    if not isinstance(updates, int) or updates < said.updated:
        yield "update lost"


async def _faults_of_runs(runs: JsonRunStore, round_number: int, said: Acknowledged) -> AsyncIterator[str]:
    """Ends the killed writer's run too, as the next start of a server does."""
    abandoned = await runs.abandoned()
    for each in abandoned:
        text = each.partial.message.content if each.partial else ""
        if int(each.run.run_id, 16) != round_number:
            yield "a run of an earlier round was not ended"
        if len(text) < said.flushed:
            yield f"flushed text lost: {said.flushed - len(text)}"
        if text != answer(len(text)).content:
            yield "flushed text changed"
        await runs.update(replace(each.run, status="interrupted", ended_at=AT))
    if said.flushed and not abandoned:
        yield "run lost"


def campaign(kills: int, folder: Path) -> Tally:
    tally = Tally()
    for round_number in range(1, kills + 1):
        said = run_and_kill(folder, round_number)
        tally.kills += 1
        tally.faults += [
            f"round {round_number}: {fault}" for fault in asyncio.run(faults_left(folder, round_number, said))
        ]
        tally.flushed += said.flushed > 0
        tally.created += len(said.created)
        tally.appended = max(tally.appended, said.appended)
        if round_number % 20 == 0:
            for path in folder.glob("*.json"):
                path.unlink()
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    kills: int = parser.parse_args().kills
    with tempfile.TemporaryDirectory() as folder:
        tally = campaign(kills, Path(folder))
    sys.stdout.write(
        f"{tally.kills} kills; {tally.flushed} during an answer, {tally.created} sessions created, "
        f"up to {tally.appended} messages in a session; {len(tally.faults)} faults\n"
    )
    sys.stdout.writelines(f"{fault}\n" for fault in tally.faults)
    sys.exit(1 if tally.faults else 0)


if __name__ == "__main__":
    main()
