"""What else may lie in the folders: symbolic links, foreign files, broken ones."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.json_files.prompt_store import FilePromptStore
from adapters.json_files.session_store import JsonSessionStore
from domain.errors import PromptExists, PromptNotFound, SessionCorrupt, SessionNotFound
from domain.prompt import Prompt
from tests.contracts.samples import after, session, user

ID = session(1).session_id
BROKEN = {
    "empty": b"",
    "torn": b'{"metadata": {"session_id": "0000000001", "mod',
    "no object": b"[]",
    "a number": b"5",
    "no metadata": b'{"messages": []}',
    "no id": b'{"metadata": {}, "messages": []}',
    "of another id": b'{"metadata": {"session_id": "0000000002"}, "messages": []}',
    "of a later format": b'{"metadata": {"session_id": "0000000001", "format_version": "9.9"}, "messages": []}',
    "unknown role": b'{"metadata": {"session_id": "0000000001"}, "messages": [{"role": "ghost"}]}',
    "wrong types": b'{"metadata": {"session_id": "0000000001"}, "messages": [{"role": "user", "content": {}}]}',
    "no UTF-8": b'{"metadata": {"session_id": "0000000001", "model": "\xff\xfe"}, "messages": []}',
    "deep": b'{"metadata": {"session_id": "0000000001"}, "messages": [{"x":' + b"[" * 100_000,
    "huge number": b'{"metadata": {"session_id": "0000000001", "created_at": ' + b"9" * 10_000 + b"}}",
    "no time": b'{"metadata": {"session_id": "0000000001", "created_at": "9999-12-31T23:59:59-23:59"}}',
}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[JsonSessionStore]:
    opened = JsonSessionStore(tmp_path / "sessions")
    await opened.open()
    yield opened
    await opened.aclose()


@pytest.fixture
async def prompts(tmp_path: Path) -> AsyncIterator[FilePromptStore]:
    opened = FilePromptStore(tmp_path / "prompts")
    await opened.open()
    yield opened
    await opened.aclose()


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("content", BROKEN.values(), ids=list(BROKEN))
async def test_a_broken_file_is_corrupt_kept_unlisted_and_can_be_deleted(
    store: JsonSessionStore, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "sessions" / f"{ID}.json"
    path.write_bytes(content)
    await store.create(session(2))
    for attempt in (
        store.load(ID),
        store.append(ID, [user(1)], after(1)),
        store.update(ID, lambda found: found),
    ):
        with pytest.raises(SessionCorrupt) as caught:
            await attempt
        assert str(tmp_path) not in str(caught.value.details)
    assert not await store.create(session(1))
    assert [each.session_id for each in (await store.list_sessions()).sessions] == [session(2).session_id]
    assert (await store.list_sessions(words=["hello"])).sessions == []
    assert path.read_bytes() == content
    await store.delete(ID)
    assert not path.exists()


async def test_symbolic_links_among_sessions_are_not_there(store: JsonSessionStore, tmp_path: Path) -> None:
    await store.create(session(2, user(1)))
    outside = tmp_path / "outside.json"
    outside.write_bytes((tmp_path / "sessions" / f"{session(2).session_id}.json").read_bytes())
    link = tmp_path / "sessions" / f"{ID}.json"
    link.symlink_to(outside)
    before = outside.read_bytes()

    with pytest.raises(SessionNotFound):
        await store.load(ID)
    with pytest.raises(SessionNotFound):
        await store.append(ID, [user(1)], after(1))
    with pytest.raises(SessionNotFound):
        await store.delete(ID)
    assert not await store.create(session(1))
    assert len((await store.list_sessions()).sessions) == 1
    assert outside.read_bytes() == before
    assert link.is_symlink()


async def test_what_is_no_session_file_is_let_alone(store: JsonSessionStore, tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    strangers = [folder / name for name in ("notes.txt", "x.json", "0000000001.JSON", ".tmp-notes", "0000000001.json~")]
    for path in strangers:
        path.write_text("mine")
    (folder / "0000000003.json").mkdir()
    os.mkfifo(folder / "0000000004.json")
    assert (await store.list_sessions()).sessions == []
    for session_id in ("0000000003", "0000000004"):
        with pytest.raises(SessionNotFound):
            await store.load(session_id)
    reopened = JsonSessionStore(folder)
    await reopened.open()
    await reopened.aclose()
    assert all(path.read_text() == "mine" for path in strangers)


async def test_symbolic_links_among_prompts_are_not_there(prompts: FilePromptStore, tmp_path: Path) -> None:
    await prompts.create(Prompt(filename="real.md", content="real"))
    secret = tmp_path / "secret.md"
    secret.write_text("secret")
    (tmp_path / "prompts" / "link.md").symlink_to(secret)
    (tmp_path / "prompts" / "dangling.md").symlink_to(tmp_path / "nowhere.md")

    assert [prompt.filename for prompt in await prompts.list_prompts()] == ["real.md"]
    for filename in ("link.md", "dangling.md"):
        with pytest.raises(PromptNotFound):
            await prompts.read(filename)
        with pytest.raises(PromptNotFound):
            await prompts.replace(Prompt(filename=filename, content="overwritten"))
        with pytest.raises(PromptNotFound):
            await prompts.delete(filename)
        with pytest.raises(PromptExists):
            await prompts.create(Prompt(filename=filename, content="overwritten"))
    assert secret.read_text() == "secret"
    assert not (tmp_path / "nowhere.md").exists()


async def test_prompt_files_that_are_no_prompts_are_left_out(prompts: FilePromptStore, tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / "ok.md").write_text("ok")
    (folder / "binary.md").write_bytes(b"\xff\xfe\x00")
    (folder / "notes.txt").write_text("no")
    (folder / ".hidden.md").write_text("no")
    (folder / "folder.md").mkdir()
    os.mkfifo(folder / "pipe.md")
    assert [prompt.filename for prompt in await prompts.list_prompts()] == ["ok.md"]
    for filename in ("binary.md", "folder.md", "pipe.md"):
        with pytest.raises(PromptNotFound):
            await prompts.read(filename)


async def test_the_prompts_folder_is_made_with_the_first_prompt(prompts: FilePromptStore, tmp_path: Path) -> None:
    assert list(await prompts.list_prompts()) == []
    assert not (tmp_path / "prompts").exists()
    await prompts.create(Prompt(filename="first.md", content="x"))
    assert names_in(tmp_path / "prompts") == ["first.md"]
