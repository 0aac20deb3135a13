"""Several processes that share a folder."""

import asyncio
import os
import sys
from pathlib import Path

from adapters.json_files.run_store import JsonRunStore
from adapters.json_files.session_store import JsonSessionStore
from tests.contracts.samples import after, session, user
from tests.contracts.stores import json_runs, json_sessions
from tests.contracts.test_run_store import partial, run

ROOT = Path(__file__).parents[3]
APPENDING = """
import asyncio, sys
from pathlib import Path
from adapters.json_files.session_store import JsonSessionStore
from tests.contracts.samples import after, user

async def main(folder, first):
    store = JsonSessionStore(Path(folder))
    await store.open()
    for number in range(int(first), int(first) + 60):
        await store.append("0000000001", [user(number)], after(number))
    await store.aclose()

asyncio.run(main(*sys.argv[1:]))
"""
HOLDING = """
import asyncio, sys
from pathlib import Path
from adapters.json_files.run_store import JsonRunStore
from tests.contracts.test_run_store import partial, run

async def main(folder):
    store = JsonRunStore(Path(folder))
    await store.open()
    await store.claim(run(1))
    await store.flush([partial(run(1), "so far")])
    print("claimed", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(sys.argv[1]))
"""


async def start(program: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        *arguments,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )


async def test_two_processes_append_to_one_session_and_nothing_is_lost(tmp_path: Path) -> None:
    async with json_sessions(tmp_path) as store:
        await store.create(session(1))
        processes = [await start(APPENDING, str(tmp_path), first) for first in ("0", "1000")]
        for number in range(2000, 2060):
            await store.append(session(1).session_id, [user(number)], after(number))
        for process in processes:
            await process.communicate()
            assert process.returncode == 0
        loaded = await store.load(session(1).session_id)
        listed = (await store.list_sessions()).sessions
    expected = {f"{number:010x}" for start in (0, 1000, 2000) for number in range(start, start + 60)}
    assert {message.message_id for message in loaded.messages} == expected
    assert [overview.message_count for overview in listed] == [loaded.message_count] == [180]


async def test_a_run_is_abandoned_when_its_process_is_killed_and_not_before(tmp_path: Path) -> None:
    holder = await start(HOLDING, str(tmp_path))
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"claimed\n"
    async with json_runs(tmp_path) as store:
        assert list(await store.abandoned()) == []
        holder.kill()
        await holder.communicate()
        assert [(each.run, each.partial) for each in await store.abandoned()] == [(run(1), partial(run(1), "so far"))]
        await store.claim(run(2))


async def test_a_change_of_another_process_is_listed_at_once(tmp_path: Path) -> None:
    async with json_sessions(tmp_path) as ours, json_sessions(tmp_path) as theirs:
        # The folder's time moves in steps: without this, theirs could fall into the same step as the opening.
        os.utime(tmp_path, (0, 0))
        assert (await ours.list_sessions()).sessions == []
        await theirs.create(session(1, user(1, "apple")))
        assert [each.session_id for each in (await ours.list_sessions(words=["apple"])).sessions] == ["0000000001"]
        await theirs.append("0000000001", [user(2)], after(2))
        assert [each.message_count for each in (await ours.list_sessions()).sessions] == [2]
        await theirs.delete("0000000001")
        assert (await ours.list_sessions()).sessions == []


async def test_closed_stores_leave_no_thread_and_no_instance(tmp_path: Path) -> None:
    sessions, runs = JsonSessionStore(tmp_path), JsonRunStore(tmp_path)
    await sessions.open()
    await runs.open()
    assert len(list((tmp_path / ".locks").glob("instance-*"))) == 1
    await sessions.aclose()
    await runs.aclose()
    assert list((tmp_path / ".locks").glob("instance-*")) == []
