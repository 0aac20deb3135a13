"""The agent `files` finds, reads and notes, in its folder and nowhere else."""

import os
from pathlib import Path

import pytest

from adapters.python_tools.toolbox import PythonToolbox
from tests.examples.agents import answer, complaint, names_in

WAYS_OUT = [
    "../secret.md",
    "/etc/passwd",
    "sub/../../secret.md",
    "link.md",
    "way/secret.md",
    "sub/./../../secret.md",
    "..",
    ".env",
    ".git/config",
    "a\0b",
]


@pytest.fixture
def files(shared: Path) -> Path:
    (shared / "sub" / "deep").mkdir(parents=True)
    (shared / "rice.md").write_text("Rice.\nTwo cups of water.\n")
    (shared / "sub" / "deep" / "tea.md").write_text("Hot WATER, green tea.\n")
    (shared / "sub" / "picture.bin").write_bytes(b"water\0")
    (shared / ".env").write_text("KEY=water")
    (shared / ".git").mkdir()
    (shared / ".git" / "config").write_text("water")
    (shared / "link.md").symlink_to(shared.parent / "secret.md")
    (shared / "way").symlink_to(shared.parent)
    os.mkfifo(shared / "pipe")
    return shared


@pytest.mark.usefixtures("files")
async def test_files_are_listed_whole_and_by_folder(toolbox: PythonToolbox) -> None:
    everything = "rice.md\nsub/deep/tea.md\nsub/picture.bin"
    for folder in ("", ".", "./"):
        assert await answer(toolbox, "files.list_files", folder=folder) == everything
    assert await answer(toolbox, "files.list_files", folder="sub/") == "sub/deep/tea.md\nsub/picture.bin"


async def test_an_empty_folder_is_told(shared: Path, toolbox: PythonToolbox) -> None:
    assert await answer(toolbox, "files.list_files") == "There are no files here."
    assert names_in(shared) == []


@pytest.mark.usefixtures("files")
async def test_words_are_found_with_the_place_where_they_stand(toolbox: PythonToolbox) -> None:
    assert await answer(toolbox, "files.search_files", text="water") == (
        "rice.md:2: Two cups of water.\nsub/deep/tea.md:1: Hot WATER, green tea."
    )
    assert (await answer(toolbox, "files.search_files", text="water", folder="sub")).startswith("sub/deep/tea.md:1:")
    assert "Try another word" in await answer(toolbox, "files.search_files", text="secret")
    assert "list_files" in await complaint(toolbox, "files.search_files", text=" ")


async def test_a_search_that_finds_too_much_says_so(files: Path, toolbox: PythonToolbox) -> None:
    (files / "long.md").write_text("many\n" * 1000)

    *lines, more = (await answer(toolbox, "files.search_files", text="many")).splitlines()

    assert len(lines) == 50
    assert "Search for something rarer" in more


async def test_a_long_file_is_read_piece_by_piece(files: Path, toolbox: PythonToolbox) -> None:
    (files / "long.md").write_text("".join(f"line {number}\n" for number in range(1, 301)))

    first = await answer(toolbox, "files.read_file", path="long.md")
    second = await answer(toolbox, "files.read_file", path="long.md", first_line=201)

    assert first.splitlines()[-2:] == ["line 200", "[Lines 1 to 200 of 300. Go on with first_line=201.]"]
    assert second.splitlines() == [f"line {number}" for number in range(201, 301)]
    assert "300 lines" in await answer(toolbox, "files.read_file", path="long.md", first_line=301)


async def test_nothing_but_text_of_the_folder_is_read(files: Path, toolbox: PythonToolbox) -> None:
    for path in [*WAYS_OUT, "pipe", "sub", "nowhere.md", "rice.md/x", "", "sub/picture.bin"]:
        told = await complaint(toolbox, "files.read_file", path=path)
        assert told.startswith("ValueError: ")
        assert str(files.parent) not in told


@pytest.mark.usefixtures("files")
async def test_no_folder_leads_out(toolbox: PythonToolbox) -> None:
    for folder in [*WAYS_OUT, "way", "rice.md", "sub/../.."]:
        told = await complaint(toolbox, "files.list_files", folder=folder)
        assert "Use a path as list_files tells it" in told
        assert await complaint(toolbox, "files.search_files", text="secret", folder=folder) == told


async def test_a_file_that_is_too_large_is_not_read(files: Path, toolbox: PythonToolbox) -> None:
    with (files / "large.md").open("wb") as file:
        file.truncate(10_000_000)

    assert "larger than" in await complaint(toolbox, "files.read_file", path="large.md")


async def test_a_note_is_written_and_grows(shared: Path, toolbox: PythonToolbox) -> None:
    for name, text in [("shopping", "Rice."), ("shopping.md", "Größere Töpfe.\n\n"), ("notes/shopping.md", "Tea.")]:
        assert await answer(toolbox, "files.write_note", name=name, text=text) == "Written to notes/shopping.md."

    assert (shared / "notes" / "shopping.md").read_text() == "Rice.\nGrößere Töpfe.\nTea.\n"
    assert await answer(toolbox, "files.list_files") == "notes/shopping.md"


async def test_a_note_has_a_plain_name(shared: Path, toolbox: PythonToolbox) -> None:
    for name in ["", "../secret", "/etc/x", ".env", "a/b", "a\nb", "x" * 61, "a.b", "notes/../x"]:
        assert "is no name for a note" in await complaint(toolbox, "files.write_note", name=name, text="x")
    assert names_in(shared) == []


@pytest.mark.parametrize("where", ["notes", "notes/out.md"])
async def test_no_note_is_written_through_a_link(shared: Path, toolbox: PythonToolbox, where: str) -> None:
    if where == "notes":
        (shared / "notes").symlink_to(shared.parent)
    else:
        (shared / "notes").mkdir()
        (shared / "notes" / "out.md").symlink_to(shared.parent / "secret.md")

    await complaint(toolbox, "files.write_note", name="out", text="x")

    assert (shared.parent / "secret.md").read_text() == "secret"
    assert not (shared.parent / "out.md").exists()


@pytest.mark.usefixtures("shared")
async def test_a_note_needs_some_text_and_not_too_much(toolbox: PythonToolbox) -> None:
    for text in ("", " \n", "x" * 20_001):
        assert "A note has some text" in await complaint(toolbox, "files.write_note", name="n", text=text)
