"""What in a folder is a tool."""

import asyncio
from pathlib import Path
from typing import Final

from tests.adapters.python_tools.folders import errors_of, opened, result, running, write

GOOD: Final = "def good(text: str) -> str:\n    return text\n"


async def test_files_and_packages_directly_in_the_folder(tmp_path: Path) -> None:
    sources = {
        "one.py": GOOD,
        "_private.py": "def private(): pass",
        ".hidden.py": "def hidden(): pass",
        "__pycache__/x.py": "def cached(): pass",
        "notes.txt": "def text(): pass",
        "package/__init__.py": "def packaged(): pass",
        "package/inner.py": "def inner(): pass",
        "_private/__init__.py": "def private_package(): pass",
        "data/table.csv": "1,2",
    }
    async with opened(tmp_path, sources) as toolbox:
        inventory = await toolbox.inventory()

    assert {name: tool.source for name, tool in inventory.tools.items()} == {"good": "one.py", "packaged": "package/"}
    assert inventory.errors == ()


async def test_without_all_the_public_functions_that_are_defined_there(tmp_path: Path) -> None:
    source = """
        import functools
        from json import dumps
        from os.path import join as joined

        def plain(): pass
        async def asynchronous(): pass
        @functools.lru_cache
        def cached(): pass
        @functools.wraps(plain)
        def wrapping(): pass
        def _private(): pass
        class Thing:
            def method(self): pass
        value = 5
        renamed = plain
    """
    async with opened(tmp_path, {"source.py": source}) as toolbox:
        names = set((await toolbox.inventory()).tools)

    assert names == {"plain", "asynchronous", "cached", "wrapping", "renamed"}


async def test_all_names_what_is_exported_imported_ones_too(tmp_path: Path) -> None:
    sources = {
        "package/__init__.py": "from .inner import shown\n__all__ = ['shown', 'own', 'nothing']\ndef own(): pass\n"
        "def other(): pass\n",
        "package/inner.py": "from . import deeper\ndef shown() -> str:\n    return deeper.VALUE\n",
        "package/deeper/__init__.py": "from .value import VALUE\n",
        "package/deeper/value.py": "VALUE = 'deep'\n",
    }
    async with opened(tmp_path, sources) as toolbox:
        inventory = await toolbox.inventory()
        assert await result(toolbox, "shown") == "deep"

    assert set(inventory.tools) == {"shown", "own"}
    assert [error.source for error in inventory.errors] == ["package/"]


async def test_an_error_within_a_package_names_the_file(tmp_path: Path) -> None:
    sources = {"package/__init__.py": "from . import inner\n", "package/inner.py": "\n\nimport nothing_of_this\n"}

    errors = await errors_of(tmp_path, sources)

    assert errors["package/"].endswith("(line 3 of inner.py)")


async def test_a_folder_of_python_files_that_is_no_package(tmp_path: Path) -> None:
    assert "`__init__.py`" in (await errors_of(tmp_path, {"folder/tool.py": GOOD}))["folder"]


async def test_of_two_tools_of_one_name_the_first_source_counts(tmp_path: Path) -> None:
    sources = {"b.py": GOOD, "a.py": GOOD.replace("return text", "return 'first'"), "c/__init__.py": GOOD}
    async with opened(tmp_path, sources) as toolbox:
        inventory = await toolbox.inventory()
        assert await result(toolbox, "good", text="x") == "first"

    assert inventory.tools["good"].source == "a.py"
    assert [error.source for error in inventory.errors] == ["b.py", "c/"]
    assert all("`a.py`" in error.error and "`good`" in error.error for error in inventory.errors)


async def test_modules_that_tools_share_and_files_beside_them(tmp_path: Path) -> None:
    sources = {
        "tool.py": "import _shared\ndef tool() -> str:\n    return _shared.VALUE\n",
        "_shared.py": "VALUE = 'shared'\n",
        "package/__init__.py": "import pkgutil\nfrom pathlib import Path\n"
        "def data() -> str:\n    return Path(__file__).with_name('data.txt').read_text()\n"
        "def loaded() -> str:\n    return pkgutil.get_data(__name__, 'data.txt').decode()\n",
        "package/data.txt": "beside",
    }
    async with opened(tmp_path, sources) as toolbox:
        assert await result(toolbox, "tool") == "shared"
        assert await result(toolbox, "data") == await result(toolbox, "loaded") == "beside"


async def test_without_tools_nothing_is_started(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        async with opened(folder) as toolbox:
            inventory = await toolbox.inventory()
            assert (inventory.tools, inventory.errors) == ({}, ())
            assert running() == []
            assert (await toolbox.call("x", {})).error_code == "TOOL_NOT_FOUND"


async def test_edited_files_are_picked_up_by_a_reload_and_not_before(tmp_path: Path) -> None:
    sources = {"a.py": "import time\ndef a() -> str:\n    return 'old'\ndef die():\n    import os; os._exit(1)\n"}
    async with opened(tmp_path, {**sources, "gone.py": GOOD}) as toolbox:
        await toolbox.inventory()
        (tmp_path / "gone.py").unlink()
        write(tmp_path, {"a.py": sources["a.py"].replace("old", "new"), "fresh.py": GOOD.replace("good", "fresh")})
        await toolbox.call("die", {})
        assert await result(toolbox, "a") == "old", "a new worker too runs what the inventory tells of"

        await toolbox.reload()
        assert await result(toolbox, "a") == "new"
        assert set((await toolbox.inventory()).tools) == {"a", "die", "fresh"}


async def test_a_call_ends_with_the_tool_that_it_began_with(tmp_path: Path) -> None:
    begun, may_end = tmp_path / "begun", tmp_path / "may_end"
    source = f"""
        import os, time
        def slow() -> str:
            open({str(begun)!r}, "w").close()
            while not os.path.exists({str(may_end)!r}):
                time.sleep(0.01)
            return "old"
    """
    async with opened(tmp_path, {"slow.py": source}) as toolbox:
        await toolbox.inventory()
        call = asyncio.create_task(toolbox.call("slow", {}))
        while not begun.exists():  # noqa: ASYNC110 - no event comes of another process
            await asyncio.sleep(0.01)
        write(tmp_path, {"slow.py": "def slow() -> str:\n    return 'new'\n"})
        await toolbox.reload()
        assert await result(toolbox, "slow") == "new"
        assert not call.done()
        may_end.touch()
        assert (await call).text == "old"


async def test_a_source_that_was_repaired_is_there_after_a_reload(tmp_path: Path) -> None:
    async with opened(tmp_path, {"a.py": "def a(:"}) as toolbox:
        assert (await toolbox.inventory()).errors
        write(tmp_path, {"a.py": "def a() -> str:\n    return 'well'\n"})
        await toolbox.reload()
        assert (await toolbox.inventory()).errors == ()
        assert await result(toolbox, "a") == "well"
