"""Looking at the files. Nothing here changes any."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress

from .folder import is_shown, opened_file, opened_folder

_MOST_FILES = 500
_MOST_LOOKED_AT = 20_000
_MOST_LINES_FOUND = 50
_LINES_AT_A_TIME = 200
_LONGEST_LINE = 500
_LARGEST_BYTES = 2_000_000


def list_files(folder: str = "") -> str:
    """List the files in the folder, and in the folders within it.

    Args:
        folder: A folder within it, such as "recipes"; leave it out for all files.
    """
    paths = sorted(_paths(folder))
    if not paths:
        return "There are no files here."
    more = [f"... and {len(paths) - _MOST_FILES} more: list a folder within this one."] if paths[_MOST_FILES:] else []
    return "\n".join([*paths[:_MOST_FILES], *more])


def read_file(path: str, first_line: int = 1) -> str:
    """Read a text file, 200 lines at a time.

    Args:
        path: Its path as `list_files` tells it, such as "recipes/soup.md".
        first_line: The line to begin with; the first line of a file is 1.
    """
    lines = _text(path).splitlines()
    start = max(first_line, 1) - 1
    shown = [_cut(line) for line in lines[start : start + _LINES_AT_A_TIME]]
    if not shown:
        return f"The file has {len(lines)} lines; there is nothing from line {start + 1} on."
    end = start + len(shown)
    if end < len(lines):
        shown.append(f"[Lines {start + 1} to {end} of {len(lines)}. Go on with first_line={end + 1}.]")
    return "\n".join(shown)


def search_files(text: str, folder: str = "") -> str:
    """Find the lines that hold a text, in all files. Capital and small letters are the same.

    Args:
        text: A word or a few words as they stand in the files, such as "sesame oil".
        folder: A folder to search in, such as "recipes"; leave it out for all files.
    """
    if not text.strip():
        raise ValueError("Give a word to search for. To see which files there are, use list_files.")
    found: list[str] = []
    for path in sorted(_paths(folder)):
        found += _lines_with(text.strip().casefold(), path)
        if len(found) >= _MOST_LINES_FOUND:
            return "\n".join([*found[:_MOST_LINES_FOUND], "... There are more. Search for something rarer."])
    return "\n".join(found) or f"No file holds {text!r}. Try another word, or a part of it."


def _paths(folder: str) -> Iterator[str]:
    begin = "/".join(name for name in folder.split("/") if name not in ("", "."))
    with opened_folder(folder) as start:
        seen = 0
        for inner, folders, files, descriptor in os.fwalk(".", dir_fd=start, follow_symlinks=False):
            folders[:] = filter(is_shown, folders)
            seen += len(files)
            if seen > _MOST_LOOKED_AT:
                raise ValueError("There are too many files here. Name a folder within this one.")
            parts = [part for part in (begin, inner.removeprefix(".").strip("/")) if part]
            yield from ("/".join([*parts, name]) for name in files if _can_be_read(name, descriptor))


def _can_be_read(name: str, folder: int) -> bool:
    with suppress(FileNotFoundError):  # it went while we looked
        return is_shown(name) and stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    return False


def _lines_with(text: str, path: str) -> Iterator[str]:
    with suppress(ValueError):  # what cannot be read, or is no text, holds no words
        for number, line in enumerate(_text(path).splitlines(), start=1):
            if text in line.casefold():
                yield f"{path}:{number}: {_cut(line.strip())}"


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}..."


def _text(path: str) -> str:
    with opened_file(path) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as file:
        data = file.read(_LARGEST_BYTES + 1)
    if len(data) > _LARGEST_BYTES:
        raise ValueError(f"{path!r} is larger than {_LARGEST_BYTES} bytes, which is more than can be read.")
    if b"\0" in data:
        raise ValueError(f"{path!r} is no text.")
    return data.decode(errors="replace")
