"""One save in a process of its own, what befalls it there, and what is found afterwards."""

import asyncio
import os
import shutil
import signal
import socket
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from application.ports.run_store import AbandonedRun
from domain.errors import StorageFailed
from domain.prompt import Prompt
from domain.run import Run
from domain.session import Session
from tests.crash.saves import NEW, OLD, Save, opened
from tests.crash.system_calls import traced

Outcome = Literal["acknowledged", "refused", "killed"]
_READY: Final = b"ready"
ACKNOWLEDGED: Final = b"acknowledged"
_REFUSED: Final = b"refused"
_GO: Final = b"go"


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that the stores hold when they are opened again. It cannot be made where anything is unreadable."""

    sessions: list[Session]
    runs: list[Run]
    abandoned: list[AbandonedRun]
    prompts: list[Prompt]


async def find(folder: Path) -> Found:
    async with opened(folder) as stores:
        session_ids = await stores.sessions.session_ids()
        listed = (await stores.sessions.list_sessions()).sessions
        assert sorted(each.session_id for each in listed) == list(session_ids)
        return Found(
            sessions=[await stores.sessions.load(session_id) for session_id in session_ids],
            runs=[run for each in (OLD, NEW) for run in await stores.runs.list_runs(each.session_id)],
            abandoned=list(await stores.runs.abandoned()),
            prompts=list(await stores.prompts.list_prompts()),
        )


class Child:
    """The process that saves, stopped before the save until it is told to `save`."""

    def __init__(self, save: Save, folder: Path) -> None:
        self._here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            self._here.close()
            try:
                asyncio.run(_save(save, folder, there))
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
def child_of(save: Save, folder: Path) -> Iterator[Child]:
    child = Child(save, folder)
    try:
        yield child
    finally:
        child.end()


async def _save(save: Save, folder: Path, parent: socket.socket) -> None:
    async with opened(folder) as stores:
        await save.before(stores)
        parent.send(_READY)
        while parent.recv(16) == _GO:
            try:
                await save.call(stores)
            except StorageFailed:
                parent.send(_REFUSED)
            else:
                parent.send(ACKNOWLEDGED)


def attempted(save: Save, folder: Path, log: Path, *inject: str, is_repeated: bool) -> list[Outcome]:
    """What came of the save under the given faults and, where it was refused, of a second one without any."""
    with child_of(save, folder) as child:
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
