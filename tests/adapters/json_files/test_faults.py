"""A disk that refuses: at each system call in turn, and when it is full."""

import asyncio
import errno
import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.instance_lock import InstanceLock
from adapters.json_files.prompt_store import FilePromptStore
from adapters.json_files.run_store import JsonRunStore
from adapters.json_files.session_store import JsonSessionStore
from domain.errors import StorageFailed
from domain.prompt import Prompt
from tests.adapters.json_files.test_leftovers import temporaries
from tests.adapters.json_files.test_processes import ROOT
from tests.contracts.samples import after, session, user
from tests.contracts.stores import json_runs, json_sessions
from tests.contracts.test_run_store import ended, partial, run

SYSTEM_CALLS = ("open", "write", "fsync", "rename", "link", "utime", "fstat", "stat", "ftruncate", "unlink")
MOST_CALLS = 60


class FailingCalls:
    """Counts the system calls that change files, made by a store's threads, and refuses the one of a given number."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, refused: int, code: int, names: Sequence[str] = SYSTEM_CALLS
    ) -> None:
        self.count = 0
        self._refused = refused
        self._code = code
        for name in names:
            monkeypatch.setattr(os, name, self._wrapped(getattr(os, name), writes=name == "write"))

    def _wrapped(self, call: Callable[..., Any], *, writes: bool) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:  # Any: stands in for system calls of every signature
            if threading.current_thread().name.startswith(("sessions", "runs", "prompts")):
                self.count += 1
                if self.count == self._refused:
                    if writes:
                        descriptor, data = arguments
                        call(descriptor, data[: len(data) // 2])
                    raise OSError(self._code, os.strerror(self._code))
            return call(*arguments, **named)

        return wrapped


async def fails(attempt: Awaitable[object]) -> bool:
    """Whether `attempt` fails as it may: with StorageFailed, which names no path of this machine."""
    (outcome,) = await asyncio.gather(attempt, return_exceptions=True)
    if outcome is None or outcome is True:
        return False
    assert isinstance(outcome, StorageFailed)
    assert "tmp" not in outcome.message
    return True


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
async def test_a_session_is_whole_whichever_system_call_fails(tmp_path: Path, code: int) -> None:
    for refused in range(1, MOST_CALLS):
        folder = tmp_path / str(refused)
        old, new = session(1, user(1, "old")), session(2, user(1, "new"))
        store = JsonSessionStore(folder)
        await store.open()
        await store.create(old)
        with pytest.MonkeyPatch.context() as patch:
            calls = FailingCalls(patch, refused=refused, code=code)
            append_failed = await fails(store.append(old.session_id, [user(2)], after(2)))
            create_failed = await fails(store.create(new))
        listed = [(each.session_id, each.message_count) for each in (await store.list_sessions()).sessions]
        await store.aclose()

        async with json_sessions(folder) as reopened:
            expected = (user(1, "old"),) if append_failed else (user(1, "old"), user(2))
            assert (await reopened.load(old.session_id)).messages == expected, refused
            kept = sorted((each.session_id, each.message_count) for each in (await reopened.list_sessions()).sessions)
            assert kept == sorted(listed)
            assert (new.session_id in dict(kept)) != create_failed
            assert temporaries(folder) == []
        if calls.count < refused:
            return
    pytest.fail("the calls never came to an end")


async def test_a_deletion_is_whole_whichever_system_call_fails(tmp_path: Path) -> None:
    for refused in range(1, MOST_CALLS):
        folder = tmp_path / str(refused)
        store = JsonSessionStore(folder)
        await store.open()
        await store.create(session(1))
        with pytest.MonkeyPatch.context() as patch:
            calls = FailingCalls(patch, refused=refused, code=errno.EIO)
            failed = await fails(store.delete(session(1).session_id))
        assert len((await store.list_sessions()).sessions) == int(failed), refused
        await store.aclose()
        if calls.count < refused:
            return
    pytest.fail("the calls never came to an end")


async def test_runs_are_whole_whichever_system_call_fails(tmp_path: Path) -> None:
    for refused in range(1, MOST_CALLS):
        folder = tmp_path / str(refused)
        store = JsonRunStore(folder)
        await store.open()
        with pytest.MonkeyPatch.context() as patch:
            calls = FailingCalls(patch, refused=refused, code=errno.ENOSPC)
            claim_failed = await fails(store.claim(run(1)))
            flush_failed = await fails(store.flush([partial(run(1), "text")]))
            second_failed = await fails(store.flush([partial(run(1), "text, and more")]))
            update_failed = not claim_failed and await fails(store.update(ended(run(1))))
        expected = [] if claim_failed else [run(1)] if update_failed else [ended(run(1))]
        assert list(await store.list_runs(run(1).session_id)) == expected, refused
        await store.aclose()
        reopened = JsonRunStore(folder)
        await reopened.open()
        texts = [each.partial and each.partial.message.content for each in await reopened.abandoned()]
        if update_failed:
            assert not flush_failed
            assert not second_failed
            assert texts == ["text, and more"]
        await reopened.aclose()
        if calls.count < refused:
            return
    pytest.fail("the calls never came to an end")


def threads_of_runs() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("runs")}


def living(folder: Path) -> list[Path]:
    """The lock files of the instances that count as alive."""
    locks = folder / ".locks"
    look = InstanceLock(locks)
    return [path for path in locks.glob("instance-*") if look.is_alive(path.name.removeprefix("instance-"))]


async def test_runs_that_cannot_be_opened_are_closed_whichever_system_call_fails(tmp_path: Path) -> None:
    before = threads_of_runs()
    for refused in range(1, MOST_CALLS):
        folder = tmp_path / str(refused)
        store = JsonRunStore(folder)
        with pytest.MonkeyPatch.context() as patch:
            calls = FailingCalls(patch, refused=refused, code=errno.EACCES, names=("mkdir", *SYSTEM_CALLS))
            failed = await fails(store.open())
        await store.aclose()
        assert threads_of_runs() <= before
        assert living(folder) == []
        if calls.count < refused:
            assert not failed
            return
    pytest.fail("the calls never came to an end")


async def test_a_server_has_gone_though_its_text_could_not_be_left_in_order(tmp_path: Path) -> None:
    before = threads_of_runs()
    store = JsonRunStore(tmp_path)
    await store.open()
    await store.claim(run(1))
    await store.flush([partial(run(1), "text")])
    await store.update(ended(run(1)))
    with pytest.MonkeyPatch.context() as patch:
        # The first to be removed is the file of the text.
        FailingCalls(patch, refused=1, code=errno.EIO, names=("unlink",))
        assert await fails(store.aclose())
    assert threads_of_runs() <= before
    assert living(tmp_path) == []


async def test_a_run_ends_though_its_journal_cannot_be_made_short(tmp_path: Path) -> None:
    async with json_runs(tmp_path) as store:
        await store.claim(run(1))
        with (tmp_path / ".runs" / f"{run(1).session_id}.jsonl").open("ab") as journal:
            journal.write(b"\n" * 100_000)
        with pytest.MonkeyPatch.context() as patch:
            # The first write is that of the end itself, the second that of the short journal.
            calls = FailingCalls(patch, refused=2, code=errno.ENOSPC, names=("write",))
            await store.update(ended(run(1)))
        assert calls.count == 2
        assert list(await store.list_runs(run(1).session_id)) == [ended(run(1))]
    assert temporaries(tmp_path) == []


async def test_a_failed_flush_is_made_good_by_the_next(tmp_path: Path) -> None:
    store = JsonRunStore(tmp_path)
    await store.open()
    await store.claim(run(1))
    await store.flush([partial(run(1), "one ")])
    for refused in range(1, MOST_CALLS):
        with pytest.MonkeyPatch.context() as patch:
            calls = FailingCalls(patch, refused=refused, code=errno.ENOSPC)
            failed = await fails(store.flush([partial(run(1), "one two " * refused)]))
        if calls.count < refused:
            break
        assert failed
    await store.flush([partial(run(1), "one two three")])
    await store.aclose()
    reopened = JsonRunStore(tmp_path)
    await reopened.open()
    assert [each.partial for each in await reopened.abandoned()] == [partial(run(1), "one two three")]
    await reopened.aclose()


async def test_a_prompt_is_whole_whichever_system_call_fails(tmp_path: Path) -> None:
    for refused in range(1, MOST_CALLS):
        folder = tmp_path / str(refused)
        store = FilePromptStore(folder)
        for name in ("a.md", "c.md"):
            await store.create(Prompt(filename=name, content="old"))
        with pytest.MonkeyPatch.context() as patch:
            calls = FailingCalls(patch, refused=refused, code=errno.EIO)
            replace_failed = await fails(store.replace(Prompt(filename="a.md", content="new")))
            create_failed = await fails(store.create(Prompt(filename="b.md", content="new")))
            delete_failed = await fails(store.delete("c.md"))
        prompts = {prompt.filename: prompt.content for prompt in await store.list_prompts()}
        assert prompts["a.md"] == ("old" if replace_failed else "new"), refused
        assert ("b.md" in prompts) != create_failed
        assert ("c.md" in prompts) == delete_failed
        await store.open()
        await store.aclose()
        assert temporaries(folder) == []
        if calls.count < refused:
            return
    pytest.fail("the calls never came to an end")


FILLING = """
import asyncio, resource, sys
from pathlib import Path
from adapters.json_files.session_store import JsonSessionStore
from domain.errors import StorageFailed
from tests.contracts.samples import after, session, user

async def main(folder):
    store = JsonSessionStore(Path(folder))
    await store.open()
    await store.create(session(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    number = 0
    try:
        while True:
            await store.append("0000000001", [user(number, "x" * 1000)], after(number))
            number += 1
    except StorageFailed as error:
        assert (await store.load("0000000001")).message_count == number
        print(number, error.message)
    await store.aclose()

asyncio.run(main(sys.argv[1]))
"""


async def test_a_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", FILLING, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    number, message = done.stdout.split(" ", 1)
    assert "File too large" in message
    assert int(number) > 50
    assert temporaries(tmp_path) == []
    async with json_sessions(tmp_path) as store:
        assert (await store.load("0000000001")).message_count == int(number)
