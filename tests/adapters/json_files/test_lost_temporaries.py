"""A cleaner of another process may take a temporary file in the moment before its writer has locked it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.json_files import atomic_file
from adapters.json_files.atomic_file import open_folder, write_whole


def test_a_write_whose_temporary_was_taken_is_made_again_with_its_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = atomic_file._publish
    entered: list[int] = []
    lost = [True]

    def lose_the_first(scratch: int, temporary: str, folder: int, name: str, *, is_new: bool) -> None:
        if lost:
            lost.pop()
            raise atomic_file.TemporaryFileLost
        publish(scratch, temporary, folder, name, is_new=is_new)

    @contextmanager
    def around() -> Iterator[None]:
        entered.append(1)
        yield

    monkeypatch.setattr(atomic_file, "_publish", lose_the_first)
    with open_folder(tmp_path) as folder:
        write_whole(folder, "kept", b"data", around_rename=around)

    assert (tmp_path / "kept").read_bytes() == b"data"
    assert len(entered) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
