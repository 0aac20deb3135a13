"""A source that cannot be loaded is told of, with its reason and line, and takes nothing else down."""

import os
import time
from pathlib import Path
from typing import Final

import pytest

from adapters.python_tools.sources import SOURCE_BYTES
from tests.adapters.python_tools.folders import errors_of, opened, result, write

GOOD: Final = "def good(text: str) -> str:\n    return text\n"
TIMEOUT: Final = 5.0
"""Of sources that do not end."""

PATIENCE: Final = 20.0
"""Of sources that do, on a machine that has other things to do."""


BROKEN: Final[dict[str, tuple[str | bytes, str]]] = {
    "syntax error": ("import os\n\ndef broken(:\n    pass\n", "SyntaxError: invalid syntax (line 3)"),
    "bad indent": ("def f():\npass\n", "IndentationError: expected an indented block"),
    "null bytes": (b"a = 1\0\n", "null bytes"),
    "not UTF-8": (b"# ok\nname = '\xff\xfe'\n", "utf-8"),
    "another encoding that there is not": (b"# coding: nothing\n", "unknown encoding"),
    "deep nesting": ("a = " + "(" * 1000 + ")" * 1000, "SyntaxError: too many nested parentheses"),
    "missing module": ("import os\nimport nothing_of_this_name\n", "ModuleNotFoundError: No module named"),
    "missing name": ("from os.path import nothing\n", "ImportError: cannot import name"),
    "exit": ("import sys\nsys.exit(3)\n", "SystemExit: 3 (line 2)"),
    "exit at once": ("import os\nos._exit(4)\n", "exit status 4"),
    "kill": ("import os\nos.kill(os.getpid(), 9)\n", "SIGKILL"),
    "kill the parent": ("import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)\n", "was killed"),
    "loop": ("while True:\n    pass\n", f"It did not load within {TIMEOUT:g} s."),
    "raise": ("x = 1\ny = 2\nraise ValueError('at import')\n", "ValueError: at import (line 3)"),
    "interrupt": ("raise KeyboardInterrupt\n", "KeyboardInterrupt (line 1)"),
    "a path": ("open('/nowhere/at/all/file.txt')\n", "No such file or directory: 'file.txt' (line 1)"),
    "recursion": ("def f(): f()\nf()\n", "RecursionError: maximum recursion depth exceeded (line 1)"),
    "crash": ("import ctypes\nctypes.string_at(0)\n", "SIGSEGV"),
    "memory": ("x = bytearray(1 << 32)\n", "MemoryError (line 1)"),
    "close all files": ("import os\nos.closerange(0, 100)\n", "process"),
    "garbage": ("import os\nos.write(3, b'garbage\\n')\n", "no answer"),
    "a forged reply": (
        'import os\nos.write(3, b\'{"id": "0", "tools": [{"name": "forged"}]}\\n\')\n',
        "no answer",
    ),
    "__all__ of a missing name": (
        "__all__ = ['nothing']\n",
        "`__all__` names `nothing`, which the module does not have",
    ),
    "__all__ of no function": ("__all__ = ['x']\nx = 5\n", "`__all__` names `x`, which is no function"),
    "__all__ of a class": ("__all__ = ['X']\nclass X: pass\n", "`__all__` names `X`, which is no function"),
    "__all__ a string": ("__all__ = 'good'\ndef good(): pass\n", "`__all__` must be a list of names"),
    "__all__ of numbers": ("__all__ = [1, 2]\n", "`__all__` must be a list of names"),
    "__all__ that raises": ("class L(list):\n    def __iter__(self): raise ValueError('no')\n__all__ = L([1])\n", "no"),
    "huge": (b"#" * SOURCE_BYTES + b"\n\n", "more than 1048576 bytes"),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_it_is_told_why(tmp_path: Path, case: str) -> None:
    text, words = BROKEN[case]
    began = time.monotonic()
    timeout = TIMEOUT if case == "loop" else PATIENCE
    async with opened(tmp_path, {"bad.py": text, "good.py": GOOD}, timeout_seconds=timeout) as toolbox:
        inventory = await toolbox.inventory()
        assert time.monotonic() - began < timeout + 4
        assert await result(toolbox, "good", text="well") == "well"

    assert set(inventory.tools) == {"good"}
    assert [error.source for error in inventory.errors] == ["bad.py"]
    assert words in inventory.errors[0].error
    assert str(tmp_path) not in inventory.errors[0].error


async def test_many_bad_ones_take_no_good_one_down(tmp_path: Path) -> None:
    bad = {f"bad_{number}.py": text for number, (text, _) in enumerate(BROKEN.values())}
    good = {f"good_{number}.py": GOOD.replace("good", f"good_{number}") for number in range(5)}
    async with opened(tmp_path, {**bad, **good}, timeout_seconds=3 * TIMEOUT) as toolbox:
        inventory = await toolbox.inventory()

    assert set(inventory.tools) == {f"good_{number}" for number in range(5)}
    assert {error.source for error in inventory.errors} == set(bad)


async def test_a_module_that_changes_python_itself_changes_it_for_nobody_else(tmp_path: Path) -> None:
    hostile = """
        import builtins, json, os, signal, sys

        builtins.len = builtins.str = builtins.dict = None
        json.dumps = json.loads = os.write = None
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.path[:] = []
        sys.modules.clear()

        def hostile(): pass
    """
    async with opened(tmp_path, {"a_hostile.py": hostile, "good.py": GOOD}, timeout_seconds=PATIENCE) as toolbox:
        await toolbox.inventory()
        assert await result(toolbox, "good", text="well") == "well"


async def test_files_of_known_names_hide_nothing(tmp_path: Path) -> None:
    names = ["json", "os", "sys", "asyncio", "typing", "pydantic", "ctypes", "select", "builtins", "signal", "base64"]
    source = "import {0} as known\n\ndef {1}{0}() -> str:\n    return str(known.__name__)\n"
    ours = {f"{name}.py": source.format(name, "ours_") for name in names}
    theirs = {f"other_{name}.py": source.format(name, "theirs_") for name in names}
    async with opened(tmp_path, {**ours, **theirs}) as toolbox:
        assert not (await toolbox.inventory()).errors
        for name in names:
            assert await result(toolbox, f"ours_{name}") == await result(toolbox, f"theirs_{name}") == name


async def test_names_that_are_no_identifiers_do(tmp_path: Path) -> None:
    names = ["my-tool.py", "a b.py", "1st.py", "class.py", "größe.py", "a.b.py", "x\udcff.py", "pack-age/__init__.py"]
    sources = {name: f"def good_{number}() -> str:\n    return 'well'\n" for number, name in enumerate(names)}
    async with opened(tmp_path, sources) as toolbox:
        inventory = await toolbox.inventory()
        for number, name in enumerate(names):
            assert await result(toolbox, f"good_{number}") == "well"
            source = name.replace("\udcff", "\ufffd").removesuffix("__init__.py")
            assert inventory.tools[f"good_{number}"].source == source


async def test_links_out_and_to_nowhere_and_in_circles_are_errors(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "tools"
    write(outside, {"secret.py": GOOD, "package/__init__.py": GOOD})
    write(folder, {"inner/__init__.py": "", "real.py": GOOD})
    (folder / "out.py").symlink_to(outside / "secret.py")
    (folder / "relative.py").symlink_to("../outside/secret.py")
    (folder / "package").symlink_to(outside / "package")
    (folder / "dangling.py").symlink_to("nothing.py")
    (folder / "circle.py").symlink_to("circle.py")
    (folder / "all").symlink_to("..")
    (folder / "inner" / "data").symlink_to(outside)
    async with opened(folder) as toolbox:
        inventory = await toolbox.inventory()

    out = "It is, or has in it, a link that leads out of the folder."
    assert {error.source: error.error for error in inventory.errors} == {
        "out.py": out,
        "relative.py": out,
        "package": out,
        "all": out,
        "inner": out,
        "dangling.py": "It is, or has in it, a link that leads nowhere.",
        "circle.py": "It is, or has in it, a link that leads in a circle.",
    }
    assert set(inventory.tools) == {"good"}


async def test_a_link_to_its_own_folder_is_not_walked(tmp_path: Path) -> None:
    write(tmp_path, {"package/__init__.py": GOOD})
    (tmp_path / "package" / "again").symlink_to(".")
    async with opened(tmp_path) as toolbox:
        assert set((await toolbox.inventory()).tools) == {"good"}


async def test_the_tools_folder_may_be_a_link_and_links_within_it_are_good(tmp_path: Path) -> None:
    write(tmp_path / "real", {"_hidden.py": GOOD})
    (tmp_path / "real" / "shown.py").symlink_to("_hidden.py")
    (tmp_path / "link").symlink_to("real")
    async with opened(tmp_path / "link") as toolbox:
        inventory = await toolbox.inventory()

    assert inventory.tools["good"].source == "shown.py"


async def test_what_is_no_ordinary_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")

    assert await errors_of(tmp_path) == {"pipe.py": "It is no ordinary file."}


async def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"locked.py": GOOD})
    (tmp_path / "locked.py").chmod(0)
    if os.access(tmp_path / "locked.py", os.R_OK):
        pytest.skip("this user reads everything")

    assert await errors_of(tmp_path) == {"locked.py": "It cannot be read: Permission denied"}


async def test_a_tools_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "tools").write_text("no folder")

    assert await errors_of(tmp_path / "tools") == {"tools": "The folder cannot be read: Not a directory"}
