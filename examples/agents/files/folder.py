"""The one folder that the tools can reach.

It is what the environment variable AGENT_FILES_FOLDER says, else `agent_files` in the folder that the server was
started in.

A path is gone along name by name, each opened within the folder that was opened before it, and no link is followed.
So there is no way out, also not for whoever swaps a folder for a link while we look. Names that begin with a dot are
not there: such files hold keys and settings.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# O_NONBLOCK: what is no ordinary file, a pipe for instance, is not waited for.
_HERE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_A_FOLDER = os.O_RDONLY | os.O_DIRECTORY | _HERE
_NOT_THERE = "There is no {path!r} in the folder. Use a path as list_files tells it."


@contextmanager
def opened_folder(path: str = "") -> Iterator[int]:
    """A descriptor of a folder by its path within the shared one; "" and "." are all of it."""
    root = Path(os.environ.get("AGENT_FILES_FOLDER") or "agent_files")
    root.mkdir(parents=True, exist_ok=True)
    # The shared folder itself may be a link: its path is the user's own word.
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in _names(path):
            inner = _open(name, _A_FOLDER, descriptor, path)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened_file(path: str, flags: int = os.O_RDONLY) -> Iterator[int]:
    """A descriptor of an ordinary file by its path within the shared folder."""
    *folders, name = _names(path) or [""]
    if not name:
        raise ValueError("Give the path of a file. Use one that list_files tells.")
    with opened_folder("/".join(folders)) as folder:
        descriptor = _open(name, flags | _HERE, folder, path)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError(f"{path!r} is no file that can be read. Use a path as list_files tells it.")
        yield descriptor
    finally:
        os.close(descriptor)


def is_shown(name: str) -> bool:
    """Whether a file or folder of this name is there for an agent."""
    return not name.startswith(".")


def _names(path: str) -> list[str]:
    names = [name for name in path.split("/") if name not in ("", ".")]
    if path.startswith("/") or "\0" in path or not all(map(is_shown, names)):
        raise ValueError(_NOT_THERE.format(path=path))
    return names


def _open(name: str, flags: int, folder: int, path: str) -> int:
    try:
        return os.open(name, flags, 0o644, dir_fd=folder)
    except OSError:
        raise ValueError(_NOT_THERE.format(path=path)) from None
