"""One save in a process of its own, what befalls it there, and what is found afterwards."""

import asyncio
import os
import shutil
import signal
import socket
import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from application.ports.run_store import AbandonedRun
from application.ports.session_store import SessionStore
from domain.errors import StorageFailed
from domain.prompt import Prompt
from domain.run import Run
from domain.session import Session
from tests.crash.saves import NEW, OLD, Save, opened
from tests.crash.system_calls import traced
from tests.databases import sqlite_file

Outcome = Literal["acknowledged", "refused", "killed"]
_READY: Final = b"ready"
ACKNOWLEDGED: Final = b"acknowledged"
_REFUSED: Final = b"refused"
_GO: Final = b"go"


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that the stores hold when they are opened again. It cannot be made where anything is unreadable."""

    sessions: list[Session]
    agent_chats: list[Session]
    runs: list[Run]
    abandoned: list[AbandonedRun]
    prompts: list[Prompt]


async def find(kind: str, folder: Path) -> Found:
    async with opened(kind, folder) as stores:
        found = Found(
            sessions=await _all_in(stores.sessions),
            agent_chats=await _all_in(stores.agent_chats),
            runs=[run for each in (OLD, NEW) for run in await stores.runs.list_runs(each.session_id)],
            abandoned=list(await stores.runs.abandoned()),
            prompts=list(await stores.prompts.list_prompts()),
        )
    if kind == "sqlite":
        _require_integrity(sqlite_file(folder))
    return found


async def _all_in(store: SessionStore) -> list[Session]:
    session_ids = await store.session_ids()
    listed = (await store.list_sessions()).sessions
    assert sorted(each.session_id for each in listed) == list(session_ids)
    return [await store.load(session_id) for session_id in session_ids]


def _require_integrity(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


class Child:
    """The process that saves, stopped before the save until it is told to `save`."""

    def __init__(self, kind: str, save: Save, folder: Path) -> None:
        self._here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            self._here.close()
            try:
                asyncio.run(_save(kind, save, folder, there))
            except BaseException:  # noqa: BLE001 - it must not go on as if it were its parent
                traceback.print_exc()
            finally:
                os._exit(3)
        there.close()
        if self._here.recv(16) != _READY:
            raise RuntimeError("the saving process did not get ready")

    def save(self) -> Outcome:
        self._here.send(_GO)
        match self._here.recv(16):
            case b"acknowledged":
                return "acknowledged"
            case b"refused":
                return "refused"
            case _:
                return "killed"

    def end(self) -> None:
        """It saves no more, and closes nothing."""
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        self._here.close()
        if os.WIFEXITED(status):
            raise RuntimeError("the saving process failed in another way than with StorageFailed")


@contextmanager
def child_of(kind: str, save: Save, folder: Path) -> Iterator[Child]:
    child = Child(kind, save, folder)
    try:
        yield child
    finally:
        child.end()


async def _save(kind: str, save: Save, folder: Path, parent: socket.socket) -> None:
    async with opened(kind, folder) as stores:
        await save.before(stores)
        parent.send(_READY)
        while parent.recv(16) == _GO:
            try:
                await save.call(stores)
            except StorageFailed:
                parent.send(_REFUSED)
            else:
                parent.send(ACKNOWLEDGED)


def attempted(kind: str, save: Save, folder: Path, log: Path, *inject: str, is_repeated: bool) -> list[Outcome]:
    """What came of the save under the given faults and, where it was refused, of a second one without any."""
    with child_of(kind, save, folder) as child:
        with traced(child.pid, log, *inject) as strace:
            outcomes = [child.save()]
            if outcomes == ["killed"]:
                strace.kill()
        if is_repeated and outcomes == ["refused"]:
            outcomes.append(child.save())
    return outcomes


def fresh_copy(filled: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(filled, folder)
    return folder
