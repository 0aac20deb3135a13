"""The tools of agents' folders."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from adapters.python_tools.sources import read_agents
from adapters.python_tools.toolbox import PythonToolbox
from domain.tool import ToolOutcome

STIR = "def stir(text: str) -> str:\n    return f'stirred {text}'\n"


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[PythonToolbox]:
    read = partial(read_agents, leave_out=folder / "agent_chats")
    toolbox = PythonToolbox(folder=folder, python=None, timeout_seconds=10, read=read)
    await toolbox.open()
    try:
        yield toolbox
    finally:
        await toolbox.aclose()


def put(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("/init", "/__init__")
        path = path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


async def test_tools_are_those_of_the_folder_or_of_the_package_in_it(tmp_path: Path) -> None:
    put(tmp_path, plain__init=STIR)
    put(tmp_path, inner__tools__init="from .pots import stir\n__all__ = ['stir']\n", inner__tools__pots=STIR)
    put(tmp_path, marked__init='"""An agent."""\n', marked__tools__init=STIR)
    put(tmp_path, both__init=STIR, both__tools__init="def never() -> str:\n    return ''\n")
    put(tmp_path, idle__notes="x = 1\n")
    put(tmp_path, _hidden__init=STIR, agent_chats__init=STIR)
    put(tmp_path, stray=STIR)
    async with opened(tmp_path) as toolbox:
        inventory = await toolbox.inventory()
        outcome = await toolbox.call("inner.stir", {"text": "soup"})

    assert list(inventory.tools) == ["both.stir", "inner.stir", "marked.stir", "plain.stir"]
    assert {tool.source for tool in inventory.tools.values()} == {"both/", "inner/", "marked/", "plain/"}
    assert inventory.errors == ()
    assert outcome == ToolOutcome(text="stirred soup")


async def test_agents_may_have_tools_of_one_name_and_each_calls_its_own(tmp_path: Path) -> None:
    put(tmp_path, a__init=STIR, b__init=STIR.replace("stirred", "shaken"))
    async with opened(tmp_path) as toolbox:
        outcomes = [await toolbox.call(f"{name}.stir", {"text": "it"}) for name in ("a", "b")]
        wrong = await toolbox.call("a.stir", {"salt": 1})

    assert [outcome.text for outcome in outcomes] == ["stirred it", "shaken it"]
    assert wrong.error_code == "VALIDATION_ERROR"


@pytest.mark.parametrize("text", ["def f(:\n", "raise SystemExit(3)\n", "import nothing_of_this_name\n", "\0"])
async def test_an_agent_whose_tools_do_not_load_takes_nothing_else_down(tmp_path: Path, text: str) -> None:
    put(tmp_path, good__init=STIR, broken__init=text)
    async with opened(tmp_path) as toolbox:
        inventory = await toolbox.inventory()

    assert list(inventory.tools) == ["good.stir"]
    assert {error.source for error in inventory.errors} == {"broken/"}


async def test_a_reload_finds_an_agent_that_is_new(tmp_path: Path) -> None:
    put(tmp_path, a__init=STIR)
    async with opened(tmp_path) as toolbox:
        await toolbox.inventory()
        put(tmp_path, b__init=STIR)
        await toolbox.reload()

        assert list((await toolbox.inventory()).tools) == ["a.stir", "b.stir"]
