"""Which interpreters tools can have."""

import ast
import importlib.util
import sys
import venv
from pathlib import Path
from typing import Final

import pytest

from tests.adapters.python_tools.folders import opened, result, write

WORKER: Final = Path(__file__).parents[3] / "adapters" / "python_tools" / "worker"
SOURCE: Final = "def count() -> int:\n    return 1\n"


@pytest.mark.parametrize(
    ("python", "words"),
    [
        ("/nowhere/python3", "No such file or directory"),
        ("/etc/passwd", "ermission denied"),
        ("/bin/true", "it ended before it was ready (exit status 0)"),
        ("/bin/false", "it ended before it was ready (exit status 1)"),
    ],
)
async def test_an_interpreter_that_is_none_is_told_of_everywhere(tmp_path: Path, python: str, words: str) -> None:
    async with opened(tmp_path, {"source.py": SOURCE}, python=Path(python)) as toolbox:
        inventory = await toolbox.inventory()
        outcome = await toolbox.call("count", {})

    assert [error.source for error in inventory.errors] == ["MOCHI_TOOL_PYTHON"]
    assert words in inventory.errors[0].error
    assert words in outcome.text
    assert outcome.error_code == "TOOL_EXECUTION_FAILED"
    assert "nowhere" not in outcome.text


async def test_an_interpreter_without_pydantic_says_what_to_do_and_one_with_it_works(tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    python = tmp_path / "env" / "bin" / "python"
    packages = _packages_of(tmp_path / "env")
    async with opened(tmp_path / "tools", {"source.py": SOURCE}, python=python) as toolbox:
        inventory = await toolbox.inventory()
        assert "pip install pydantic" in inventory.errors[0].error
        assert "pip install pydantic" in (await toolbox.call("count", {})).text

        # As if it were installed now: only what pydantic needs, and nothing else that we have.
        for name in ("pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"):
            _link_package(name, packages)
        await toolbox.reload()
        assert (await toolbox.inventory()).errors == ()
        assert await result(toolbox, "count") == "1"


def _packages_of(environment: Path) -> Path:
    return next((environment / "lib").glob("python*/site-packages"))


def _link_package(name: str, packages: Path) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin)
    origin = file.parent if file.name == "__init__.py" else file
    (packages / origin.name).symlink_to(origin)


async def test_a_pydantic_that_is_too_old_or_broken_is_told_of(tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    packages = _packages_of(tmp_path / "env")
    for text, words in (("VERSION = '1.10.2'", "its pydantic is 1.10.2"), ("raise ValueError", "ValueError")):
        write(packages, {"pydantic.py": text})
        async with opened(tmp_path / "tools", {"source.py": SOURCE}, python=tmp_path / "env/bin/python") as toolbox:
            assert words in (await toolbox.inventory()).errors[0].error


def test_the_worker_is_for_python_3_9_too_and_needs_nothing_of_ours() -> None:
    for path in WORKER.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0}
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        for name in {str(module).partition(".")[0] for module in modules | names}:
            assert name in sys.stdlib_module_names or name in {"pydantic", "pydantic_core"}, (path, name)
