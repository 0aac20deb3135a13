"""Text files in one folder, and in no other.

The folder is what the environment variable TOOL_FILES_FOLDER says, else `mochi-files` in the home folder.
"""

import os
from pathlib import Path

__all__ = ["list_files", "read_file", "write_file"]

_LARGEST_BYTES = 1_000_000
_MOST_FILES = 1000


def list_files(folder: str = ".") -> list[str]:
    """List the files in a folder and in the folders within it.

    Args:
        folder: A folder within the shared one, such as "notes"; "." is all of it.
    """
    root, start = _root(), _inside(folder)
    if not start.is_dir():
        raise ValueError(f"{folder!r} is no folder.")
    # Those behind a link that leads out are not for us to tell of.
    found = (path for path in start.rglob("*") if path.is_file() and path.resolve().is_relative_to(root))
    names = sorted(str(path.relative_to(root)) for path in found)
    return names[:_MOST_FILES]


def read_file(path: str) -> str:
    """Read a text file.

    Args:
        path: Its path within the shared folder, as `list_files` tells it.
    """
    file = _inside(path)
    if not file.is_file():
        raise ValueError(f"There is no file {path!r}. Look with list_files.")
    if file.stat().st_size > _LARGEST_BYTES:
        raise ValueError(f"{path!r} is larger than {_LARGEST_BYTES} bytes.")
    return file.read_text(encoding="utf-8", errors="replace")


def write_file(path: str, content: str, overwrite: bool = False) -> str:  # noqa: FBT001, FBT002 - models pass by name
    """Write a text file; folders on the way to it are made.

    Args:
        path: Its path within the shared folder, such as "notes/today.md".
        content: The whole text of the file.
        overwrite: Whether a file that is there may be replaced.
    """
    file = _inside(path)
    if file.is_dir() or (file.exists() and not overwrite):
        raise ValueError(f"{path!r} is there already. Choose another path, or set overwrite.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    return f"{len(content)} characters written to {path}."


def _root() -> Path:
    folder = Path(os.environ.get("TOOL_FILES_FOLDER") or Path.home() / "mochi-files")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _inside(path: str) -> Path:
    """The path with all links followed, where that is still within the folder."""
    root = _root()
    resolved = (root / path).resolve()
    if not resolved.is_relative_to(root):
        raise ValueError(f"{path!r} leads out of the shared folder.")
    return resolved
