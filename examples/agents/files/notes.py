"""Writing notes. They only ever grow: whatever an agent is talked into, nothing is lost."""

import os
import re
from contextlib import suppress

from .folder import opened_file, opened_folder

_FOLDER = "notes"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,59}")
_LONGEST = 20_000


def write_note(name: str, text: str) -> str:
    """Write a note. Where one of that name is there already, the text is added at its end.

    Args:
        name: What it is called: a few letters, digits, blanks or dashes, such as "shopping list".
        text: What it says.
    """
    called = name.removeprefix(f"{_FOLDER}/").removesuffix(".md")
    if not _NAME.fullmatch(called):
        raise ValueError(f"{name!r} is no name for a note. Use letters, digits, blanks and dashes, 60 at most.")
    if not text.strip() or len(text) > _LONGEST:
        raise ValueError(f"A note has some text, and at most {_LONGEST} characters at a time.")
    with opened_folder() as folder, suppress(FileExistsError):
        os.mkdir(_FOLDER, dir_fd=folder)
    path = f"{_FOLDER}/{called}.md"
    with opened_file(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT) as descriptor:
        data = f"{text.rstrip()}\n".encode()
        while data:
            data = data[os.write(descriptor, data) :]
    return f"Written to {path}."
