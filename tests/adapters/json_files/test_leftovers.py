"""What dead writers leave is cleared away at the next start; what living ones use is not."""

import fcntl
import os
from pathlib import Path

from adapters.json_files.prompt_store import FilePromptStore
from domain.prompt import Prompt
from tests.contracts.stores import file_prompts, json_runs, json_sessions
from tests.contracts.test_run_store import ended, partial, run


def temporaries(folder: Path) -> list[Path]:
    return list(folder.rglob(".tmp-*"))


async def test_the_temporary_files_of_dead_writers_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    async with json_sessions(tmp_path), json_runs(tmp_path), file_prompts(tmp_path / "prompts") as prompts:
        await prompts.create(Prompt(filename="a.md", content="x"))
    folders = [tmp_path / ".tmp", tmp_path / ".runs", tmp_path / "prompts"]
    dead = [folder / ".tmp-00000000000000aa" for folder in folders]
    alive = [folder / ".tmp-00000000000000bb" for folder in folders]
    for path in (*dead, *alive):
        path.write_text("half a fi")
    descriptors = [os.open(path, os.O_RDONLY) for path in alive]
    for descriptor in descriptors:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    async with json_sessions(tmp_path), json_runs(tmp_path), file_prompts(tmp_path / "prompts"):
        assert [path.exists() for path in dead] == [False] * 3
        assert [path.exists() for path in alive] == [True] * 3
    for descriptor in descriptors:
        os.close(descriptor)
    async with json_sessions(tmp_path), json_runs(tmp_path), file_prompts(tmp_path / "prompts"):
        assert temporaries(tmp_path) == []


async def test_the_lock_files_of_dead_instances_go(tmp_path: Path) -> None:
    async with json_runs(tmp_path):
        pass
    dead = tmp_path / ".locks" / "instance-00000000000000aa"
    dead.touch()
    async with json_runs(tmp_path), json_runs(tmp_path):
        assert not dead.exists()
        assert len(list(dead.parent.glob("instance-*"))) == 2


async def test_a_torn_last_line_of_a_journal_is_passed_over(tmp_path: Path) -> None:
    async with json_runs(tmp_path) as store:
        await store.claim(run(1))
        await store.flush([partial(run(1), "so far")])
    journal = tmp_path / ".runs" / f"{run(1).session_id}.jsonl"
    with journal.open("ab") as file:
        file.write(b'{"more":{"run_id":"0000')
    async with json_runs(tmp_path) as store:
        assert [each.partial for each in await store.abandoned()] == [partial(run(1), "so far")]
        await store.update(ended(run(1)))
        assert list(await store.list_runs(run(1).session_id)) == [ended(run(1))]


async def test_a_journal_that_grew_is_made_short_at_the_end_of_a_run_and_at_the_start(tmp_path: Path) -> None:
    journal = tmp_path / ".runs" / f"{run(1).session_id}.jsonl"
    async with json_runs(tmp_path) as store:
        for number in (1, 2):
            await store.claim(run(number))
            for length in range(200):
                await store.flush([partial(run(number), "text " * 100 * length)])
            grown = journal.stat().st_size
            if number == 1:
                await store.update(ended(run(1)))
                assert grown > 80_000
                assert journal.stat().st_size < 1000
    async with json_runs(tmp_path) as store:
        assert [each.partial for each in await store.abandoned()] == [partial(run(2), "text " * 100 * 199)]
        with journal.open("ab") as file:
            file.write(b"\n" * 500_000)
    async with json_runs(tmp_path) as store:
        assert journal.stat().st_size < 150_000
        assert [each.partial for each in await store.abandoned()] == [partial(run(2), "text " * 100 * 199)]


async def test_stores_can_be_made_and_closed_without_a_folder(tmp_path: Path) -> None:
    store = FilePromptStore(tmp_path / "nowhere")
    await store.open()
    await store.aclose()
    assert not (tmp_path / "nowhere").exists()
