"""What dead writers leave is cleared away at the next start; what living ones use is not."""

import fcntl
import os
from dataclasses import replace
from pathlib import Path

from adapters.json_files.prompt_store import FilePromptStore
from adapters.json_files.text_log import LARGE_BYTES
from domain.prompt import Prompt
from tests.contracts.stores import file_prompts, json_runs, json_sessions
from tests.contracts.test_run_store import ended, partial, run


def text_log(folder: Path) -> Path:
    """The only one."""
    (log,) = (folder / ".runs").glob("text-*.jsonl")
    return log


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


async def test_torn_last_lines_are_passed_over(tmp_path: Path) -> None:
    async with json_runs(tmp_path) as store:
        await store.claim(run(1))
        await store.flush([partial(run(1), "so far")])
    journal = tmp_path / ".runs" / f"{run(1).session_id}.jsonl"
    for path, torn in ((journal, b'{"run":{"run_id":"0000'), (text_log(tmp_path), b'{"more":{"run_id":"0000')):
        with path.open("ab") as file:
            file.write(torn)
    async with json_runs(tmp_path) as store:
        assert [each.partial for each in await store.abandoned()] == [partial(run(1), "so far")]
        await store.update(ended(run(1)))
        assert list(await store.list_runs(run(1).session_id)) == [ended(run(1))]


async def test_a_journal_that_grew_is_made_short_at_the_end_of_a_run_and_at_the_start(tmp_path: Path) -> None:
    journal = tmp_path / ".runs" / f"{run(1).session_id}.jsonl"
    async with json_runs(tmp_path) as store:
        for end in (ended(run(1)), run(2)):
            await store.claim(replace(end, status="running", ended_at=None))
            with journal.open("ab") as file:
                file.write(b"\n" * 500_000)
            await store.update(end)
            assert (journal.stat().st_size < 1000) == end.has_ended
    async with json_runs(tmp_path) as store:
        assert journal.stat().st_size < 1000
        assert list(await store.list_runs(run(1).session_id)) == [run(2), ended(run(1))]


async def test_a_text_log_is_written_anew_when_it_grows_and_emptied_when_no_run_is_left(tmp_path: Path) -> None:
    async with json_runs(tmp_path) as store:
        for number in (1, 2):
            await store.claim(run(number, session_id=f"{number:010x}"))
        await store.flush([partial(run(2, session_id=f"{2:010x}"), "the other's")])
        long = "x" * 1_000_000
        for _ in range(LARGE_BYTES // len(long) + 1):
            await store.flush([partial(run(1, session_id=f"{1:010x}"), text) for text in ("", long)])
        assert text_log(tmp_path).stat().st_size < 2 * len(long)
        await store.flush([partial(run(1, session_id=f"{1:010x}"), long + "!")])
    async with json_runs(tmp_path) as store:
        texts = [each.partial.message.content for each in await store.abandoned() if each.partial]
        assert sorted(texts) == ["the other's", long + "!"]
        for number in (1, 2):
            assert len(list((tmp_path / ".runs").glob("text-*"))) == 1
            await store.update(ended(run(number, session_id=f"{number:010x}")))
        assert list((tmp_path / ".runs").glob("text-*")) == []
        await store.claim(run(3))
        await store.flush([partial(run(3), "x")])
        await store.update(ended(run(3)))
        assert text_log(tmp_path).read_bytes() == b""
    assert list((tmp_path / ".runs").glob("text-*")) == []


async def test_a_text_log_whose_name_was_taken_away_is_begun_anew(tmp_path: Path) -> None:
    async with json_runs(tmp_path) as store:
        await store.claim(run(1))
        await store.flush([partial(run(1), "so")])
        text_log(tmp_path).unlink()
        await store.flush([partial(run(1), "so far")])
    async with json_runs(tmp_path) as store:
        assert [each.partial for each in await store.abandoned()] == [partial(run(1), "so far")]


async def test_text_that_no_run_needs_goes_at_the_next_start(tmp_path: Path) -> None:
    async with json_runs(tmp_path) as first, json_runs(tmp_path) as second:
        await first.claim(run(1))
        await first.flush([partial(run(1), "text")])
        (tmp_path / ".runs" / "text-00000000000000aa.jsonl").write_text("{}")
        await second.abandoned()
        assert [text_log(tmp_path)] == list((tmp_path / ".runs").glob("text-*"))
        await first.forget(run(1).session_id)


async def test_stores_can_be_made_and_closed_without_a_folder(tmp_path: Path) -> None:
    store = FilePromptStore(tmp_path / "nowhere")
    await store.open()
    await store.aclose()
    assert not (tmp_path / "nowhere").exists()
