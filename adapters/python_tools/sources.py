"""What lies in the tools folder, read whole: later calls run what was read, however the files change meanwhile."""

import ast
import base64
import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from adapters.codec.json_text import clean_text
from domain.json_value import JsonObject
from domain.tool import ToolSourceError

SOURCE_BYTES: Final = 1 << 20
"""Of Python text in one source: it goes to each worker. Data belongs in files of its own."""
SOURCE_ENTRIES: Final = 5000
"""Files and folders in a package: more is a folder that lies here by mistake."""

_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Unusable(Exception):
    """Why a source cannot be loaded, in words for its author that name no path of the machine."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One version of a file or a package: `name` is `files.py` or `weather/`. `files` holds the text of its modules in
    base64, by path within the folder; `main` is the one to import. `prefix` begins the names of its tools."""

    name: str
    folder: str
    main: str
    files: Mapping[str, str]
    prefix: str = ""

    def as_request(self) -> JsonObject:
        return {"do": "load", "folder": self.folder, "main": self.main, "files": self.files}


Sources: TypeAlias = tuple[list[Source], list[ToolSourceError]]
"""In alphabetical order, and why others cannot be loaded."""


def read_sources(folder: Path) -> Sources:
    """Files and packages, each a source of tools. A folder that is missing has none."""
    return _read_all(folder, _read)


def read_agents(folder: Path, *, leave_out: Path) -> Sources:
    """Folders of agents, but for `leave_out`, each a source of tools whose names begin with the folder's and a dot.

    They are those of the folder as a package or, where it is none or says nothing, of the package `tools` in it.
    """
    return _read_all(folder, lambda root, name: None if folder / name == leave_out else _read_agent(root, name))


def _read_all(folder: Path, read: "Callable[[Path, str], Source | None]") -> Sources:
    sources, errors = [], []
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - only names are wanted
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [ToolSourceError(source=folder.name, error=f"The folder cannot be read: {_words(error)}")]
    root = folder.resolve()
    for name in names:
        if name.startswith(("_", ".")):
            continue
        try:
            source = read(root, name)
        except Unusable as unusable:
            errors.append(ToolSourceError(source=clean_text(name), error=str(unusable)))
        except OSError as error:
            errors.append(ToolSourceError(source=clean_text(name), error=f"It cannot be read: {_words(error)}"))
        else:
            sources += [source] if source else []
    return sorted(sources, key=lambda source: source.name), errors


def _read(root: Path, name: str) -> Source | None:
    """None where there is nothing of Python."""
    path = _followed(root, root / name)
    if path.is_dir():
        return _package(root, name, path)
    if not name.endswith(".py"):
        return None
    return _source(root, name, name, {name: _text(path)})


def _read_agent(root: Path, name: str) -> Source | None:
    path = _followed(root, root / name)
    if not path.is_dir():
        return None
    files = {f"{name}/{inner}": _text(file) for inner, file in _modules(root, path)}
    mains = [f"{name}/__init__.py", f"{name}/tools/__init__.py"]
    there = [main for main in mains if main in files and not _says_nothing(files[main])]
    return _source(root, f"{name}/", there[0], files, prefix=f"{name}.") if there else None


def _says_nothing(text: bytes) -> bool:
    """Of Python text that has at most a docstring: a folder that is merely marked as a package."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) for each in body)


def _package(root: Path, name: str, path: Path) -> Source | None:
    files = {f"{name}/{inner}": _text(file) for inner, file in _modules(root, path)}
    main = f"{name}/__init__.py"
    if main not in files:
        if any(file.count("/") == 1 for file in files):
            raise Unusable("The folder has Python files and no `__init__.py`; a package needs one.")
        return None
    return _source(root, f"{name}/", main, files)


def _source(root: Path, name: str, main: str, files: Mapping[str, bytes], *, prefix: str = "") -> Source:
    if sum(map(len, files.values())) > SOURCE_BYTES:
        raise Unusable(f"It has more than {SOURCE_BYTES} bytes of Python; put data into files of their own.")
    texts = {inner: base64.b64encode(text).decode() for inner, text in files.items()}
    return Source(clean_text(name), str(root), main, texts, clean_text(prefix))


def _modules(root: Path, package: Path) -> Iterator[tuple[str, Path]]:
    """The Python files of a package by path within it. Folders behind links are left alone: they may make circles."""
    seen = 0
    for folder, folders, files in os.walk(package):
        folders[:] = sorted(inner for inner in folders if inner != "__pycache__" and not inner.startswith("."))
        seen += len(folders) + len(files)
        if seen > SOURCE_ENTRIES:
            raise Unusable(f"The folder has more than {SOURCE_ENTRIES} files.")
        for inner in (*folders, *sorted(files)):
            path = Path(folder, inner)
            target = _followed(root, path)
            if inner.endswith(".py") and not target.is_dir():
                yield str(path.relative_to(package)), target


def _followed(root: Path, path: Path) -> Path:
    """Where a link leads to within the folder, or the path itself."""
    if not path.is_symlink():
        return path
    try:
        target = path.resolve(strict=True)
    except FileNotFoundError:
        raise Unusable("It is, or has in it, a link that leads nowhere.") from None
    except (OSError, RuntimeError):  # RuntimeError is what `resolve` made of a loop before Python 3.13.
        raise Unusable("It is, or has in it, a link that leads in a circle.") from None
    if not target.is_relative_to(root):
        raise Unusable("It is, or has in it, a link that leads out of the folder.")
    return target


def _text(path: Path) -> bytes:
    descriptor = os.open(path, _OPEN)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unusable("It is no ordinary file.")
        # One byte more than may be: the sum tells.
        return file.read(SOURCE_BYTES + 1)


def _words(error: OSError) -> str:
    return os.strerror(error.errno or errno.EIO)
