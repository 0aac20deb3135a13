"""A source as a module: from the text that the server read, so that every worker runs what the inventory tells of."""

from __future__ import annotations

import base64
import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

_PRIVATE = "_mochi_tools_"
"""Begins the name of a source's module: one that is called `json.py` must not be found as `json`."""


class SnapshotLoader(importlib.machinery.SourceFileLoader):
    """Reads what was sent, and from the disk only what was not, such as a package's data files."""

    def __init__(self, name: str, path: str, texts: Mapping[str, bytes]) -> None:
        super().__init__(name, path)
        self._texts = texts

    def get_data(self, path: str) -> bytes:
        text = self._texts.get(path)
        return super().get_data(path) if text is None else text

    def path_stats(self, path: str) -> Mapping[str, Any]:
        raise OSError(path)  # So that no bytecode is read or written, which could be of another text.


class SnapshotFinder:
    """Finds the source's module and, where it is a package, the modules in it."""

    def __init__(self, name: str, main: str, texts: Mapping[str, bytes]) -> None:
        self._name = name
        self._base = os.path.dirname(main) if main.endswith("__init__.py") else main[: -len(".py")]  # noqa: PTH120 - a string, as below
        self._texts = texts

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - the protocol's
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol's
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name and not fullname.startswith(f"{self._name}."):
            return None
        base = self._base + fullname[len(self._name) :].replace(".", os.sep)
        for file, folders in ((f"{base}{os.sep}__init__.py", [base]), (f"{base}.py", None)):
            if file in self._texts:
                return importlib.util.spec_from_file_location(
                    fullname,
                    file,
                    loader=SnapshotLoader(fullname, file, self._texts),
                    submodule_search_locations=folders,
                )
        return None


class Source:
    """The module of one source. The constructor runs its code and so may raise anything."""

    def __init__(self, folder: str, main: str, files: Mapping[str, str]) -> None:
        """`files` holds base64 by path within the folder; `main` is the one to load."""
        self.texts = {os.path.join(folder, name): base64.b64decode(text) for name, text in files.items()}  # noqa: PTH118 - as below
        self.main = os.path.join(folder, main)  # noqa: PTH118 - names in what follows are strings
        name = _PRIVATE + re.sub(r"\W", "_", main.partition("/")[0].partition(".")[0])
        sys.meta_path.insert(0, SnapshotFinder(name, self.main, self.texts))
        sys.path.append(folder)  # Last: modules that tools share are found, and nothing is hidden by them.
        importlib.invalidate_caches()
        self.functions, self.errors = exported(importlib.import_module(name))

    def line_of(self, function: Callable[..., Any]) -> str:
        """Where a function begins, as ` (line N)`; nothing where nobody knows."""
        code = getattr(inspect.unwrap(function), "__code__", None)
        return "" if code is None else f" (line {code.co_firstlineno})"


def exported(module: ModuleType) -> tuple[dict[str, Callable[..., Any]], list[str]]:
    """The module's functions by name, and what is wrong with its `__all__`."""
    names = getattr(module, "__all__", None)
    if names is None:
        return {name: value for name, value in vars(module).items() if _is_defined_in(module, name, value)}, []
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        return {}, ["`__all__` must be a list of names"]
    functions, errors = {}, []
    for name in dict.fromkeys(names):
        if not hasattr(module, name):
            errors.append(f"`__all__` names `{name}`, which the module does not have")
        elif not _is_function(getattr(module, name)):
            errors.append(f"`__all__` names `{name}`, which is no function")
        else:
            functions[name] = getattr(module, name)
    return functions, errors


def _is_defined_in(module: ModuleType, name: str, value: object) -> bool:
    is_own = getattr(value, "__module__", None) == module.__name__
    return is_own and not name.startswith("_") and _is_function(value)


def _is_function(value: object) -> bool:
    """Also one that a decorator such as `functools.lru_cache` wrapped in an object of its own."""
    if inspect.isclass(value):
        return False
    return inspect.isfunction(value) or (callable(value) and inspect.isfunction(getattr(value, "__wrapped__", None)))
