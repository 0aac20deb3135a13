"""A list opens no file that it knows, and shows what other programs did to those it shows."""

import asyncio
import errno
import os
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from adapters.json_files import session_list
from tests.contracts.samples import after, session, user
from tests.contracts.stores import json_sessions

LONGEST_SECONDS = 30


class OpenedFiles:
    """The session files that are opened, by name. Those of `refused` are not opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refused: Collection[str] = ()) -> None:
        self.names: list[str] = []
        self.refused = refused
        os_open = os.open

        def counting_open(path: str | Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            if str(path).endswith(".json"):
                self.names.append(str(path))
            if path in self.refused:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return os_open(path, flags, mode, dir_fd=dir_fd)

        monkeypatch.setattr(os, "open", counting_open)


async def test_a_second_list_and_a_second_search_open_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with json_sessions(tmp_path) as store:
        for number in range(20):
            await store.create(session(number, user(1, "apple"), updated=number))
    async with json_sessions(tmp_path) as store:
        opened = OpenedFiles(monkeypatch)
        await store.list_sessions(words=["apple"])
        assert len(set(opened.names)) == 20
        opened.names.clear()
        await store.list_sessions(limit=5)
        await store.list_sessions(words=["apple"])
        assert opened.names == []

        await store.append("0000000003", [user(2)], after(99))
        opened.names.clear()
        assert (await store.list_sessions(limit=5)).sessions[0].session_id == "0000000003"
        assert opened.names == []


async def test_a_file_that_was_broken_in_place_is_listed_no_more(tmp_path: Path) -> None:
    async with json_sessions(tmp_path) as store:
        for number in range(3):
            await store.create(session(number, user(1, "apple"), updated=number))
        assert len((await store.list_sessions(words=["apple"])).sessions) == 3
        (tmp_path / "0000000001.json").write_text("garbage")
        page = await store.list_sessions(limit=2)
        assert [each.session_id for each in page.sessions] == ["0000000002", "0000000000"]
        assert page.next_position is None
        assert len((await store.list_sessions(words=["apple"])).sessions) == 2


async def test_a_file_that_was_edited_in_place_is_listed_as_it_is(tmp_path: Path) -> None:
    async with json_sessions(tmp_path) as store:
        await store.create(session(1, user(1, "apple")))
        assert len((await store.list_sessions(words=["apple"])).sessions) == 1
        path = tmp_path / "0000000001.json"
        path.write_text(path.read_text().replace("apple", "a pear"))
        assert (await store.list_sessions()).sessions[0].preview == "a pear"
        assert (await store.list_sessions(words=["apple"])).sessions == []
        assert (await store.load("0000000001")).messages == (user(1, "a pear"),)


async def test_files_that_come_and_go_by_hand_are_seen(tmp_path: Path) -> None:
    async with json_sessions(tmp_path) as store:
        await store.create(session(1))
        os.utime(tmp_path, (0, 0))
        assert len((await store.list_sessions()).sessions) == 1
        copy = (tmp_path / "0000000001.json").read_text().replace("0000000001", "0000000002")
        (tmp_path / "0000000002.json").write_text(copy)
        (tmp_path / "0000000001.json").unlink()
        assert [each.session_id for each in (await store.list_sessions()).sessions] == ["0000000002"]


async def test_a_list_that_waits_for_a_rename_holds_up_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_renaming, may_go_on = threading.Event(), threading.Event()
    was_let_go: list[bool] = []
    rename = os.rename

    def slow_rename(*arguments: Any, **named: Any) -> None:  # Any: as os.rename's
        is_renaming.set()
        was_let_go.append(may_go_on.wait(LONGEST_SECONDS))
        rename(*arguments, **named)

    async with json_sessions(tmp_path) as store:
        await store.create(session(1))
        await store.list_sessions()
        monkeypatch.setattr(os, "rename", slow_rename)
        append = asyncio.create_task(store.append(session(1).session_id, [user(1)], after(1)))
        assert await asyncio.to_thread(is_renaming.wait, LONGEST_SECONDS)
        listing = asyncio.create_task(store.list_sessions())
        await asyncio.sleep(0)  # The list has begun.
        may_go_on.set()
        await append
        assert [each.session_id for each in (await listing).sessions] == [session(1).session_id]
    assert was_let_go == [True]


def show_a_foreign_change(folder: Path) -> None:
    """As if another process had put a file there: the next list looks at the whole folder."""
    os.utime(folder, ns=(0, folder.stat().st_mtime_ns + 1_000_000_000))


async def test_a_session_that_was_unreadable_for_a_moment_is_listed_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with json_sessions(tmp_path) as store:
        for number in range(2):
            await store.create(session(number, user(1, "apple"), updated=number))
    async with json_sessions(tmp_path) as store:
        opened = OpenedFiles(monkeypatch, refused={"0000000001.json"})
        assert len((await store.list_sessions()).sessions) == 1
        opened.refused = ()
        show_a_foreign_change(tmp_path)
        assert len((await store.list_sessions()).sessions) == 2
        assert len((await store.list_sessions(words=["apple"])).sessions) == 2


async def test_files_that_stay_unreadable_are_not_tried_by_every_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_list, "_TRIED_AGAIN_SECONDS", 3600.0)
    async with json_sessions(tmp_path) as store:
        for number in range(3):
            await store.create(session(number))
    unreadable = ["0000000001.json", "0000000002.json"]
    async with json_sessions(tmp_path) as store:
        opened = OpenedFiles(monkeypatch, refused=unreadable)
        tried_in_turn: list[list[str]] = [["0000000000.json", *unreadable], unreadable, [], []]
        for tried in tried_in_turn:
            opened.names.clear()
            assert [each.session_id for each in (await store.list_sessions()).sessions] == ["0000000000"]
            assert sorted(opened.names) == tried
            show_a_foreign_change(tmp_path)

        monkeypatch.setattr(session_list, "_TRIED_AGAIN_SECONDS", -1.0)
        opened.refused = ()
        (tmp_path / "0000000002.json").unlink()
        sessions = (await store.list_sessions()).sessions
        assert sorted(each.session_id for each in sessions) == ["0000000000", "0000000001"]
