"""Whatever a tool does, its own call alone is harmed, in time, and nothing of it stays."""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from adapters.python_tools.toolbox import PythonToolbox
from domain.tool import CUT_NOTE, RESULT_CHARACTERS
from tests.adapters.python_tools import hostile_tools
from tests.adapters.python_tools.folders import opened, result, running

TIMEOUT: Final = 6.0
"""Of calls that do not end. The sources have to be loaded within it too, by a machine that has other things to do."""

PATIENCE: Final = 20.0
"""Of calls that do end."""

AT_ONCE: Final = 5.0
"""Seconds for what takes a tenth of one on an idle machine, and far fewer than `PATIENCE`."""

FAILED: Final = "TOOL_EXECUTION_FAILED"
LATE: Final = "TOOL_TIMEOUT"

EXPECTED: Final[dict[str, tuple[str | None, str]]] = {
    "exits_at_once": (FAILED, "exit status 3"),
    "kills_itself": (FAILED, "SIGKILL"),
    "stops_itself": (LATE, "stopped"),
    "kills_its_parent": (FAILED, "was killed"),
    "daemonizes_and_kills_its_parent": (FAILED, "was killed"),
    "stops_its_parent": (LATE, "stopped"),
    "forks_and_both_return": (None, "once"),
    "forks_and_leaves_the_child": (None, "left"),
    "forks_and_exits": (FAILED, "exit status 0"),
    "forks_many": (LATE, "stopped"),
    "daemonizes": (None, "left"),
    "prints_much": (None, "printed"),
    "returns_much": (None, CUT_NOTE.format(characters=100_000_000)),
    "returns_much_json": (None, CUT_NOTE.format(characters=20 * 1_000_003 + 1)),
    "never_ends": (LATE, "6 s"),
    "never_ends_async": (LATE, "6 s"),
    "spins": (LATE, "6 s"),
    "spins_in_c": (LATE, "6 s"),
    "yields_forever": (LATE, "6 s"),
    "raises_system_exit": (FAILED, "SystemExit: 5 (line "),
    "raises_keyboard_interrupt": (FAILED, "KeyboardInterrupt (line "),
    "interrupts_itself": (FAILED, "KeyboardInterrupt"),
    "changes_directory": (None, "/"),
    "closes_standard_files": (None, "closed"),
    "closes_all_files": (FAILED, "process"),
    "recurses": (FAILED, "RecursionError: maximum recursion depth exceeded"),
    "recurses_deeply": (FAILED, "SIGSEGV"),
    "eats_memory": (FAILED, "MemoryError"),
    "leaves_a_thread": (None, "left"),
    "leaves_a_daemon_thread": (None, "left"),
    "leaves_a_program": (None, "left"),
    "writes_garbage": (FAILED, "no answer"),
    "writes_without_end": (FAILED, "no answer"),
    "forges_a_reply": (FAILED, "no answer"),
    "blocks_signals": (LATE, "6 s"),
    "leaves_an_alarm": (None, "set"),
    "crashes": (FAILED, "SIGSEGV"),
    "aborts": (FAILED, "SIGABRT"),
    "breaks_json": (FAILED, "exit status 1"),
    "returns_unprintable": (FAILED, "not me"),
    "raises_unprintable": (FAILED, "UnprintableError (line "),
    "returns_surrogates": (None, "a\ufffdb"),
    "returns_surrogates_in_json": (None, '["a\ufffdb"]'),
    "raises_surrogates": (FAILED, "ValueError: a\ufffdb (line "),
}


@pytest.fixture
async def toolbox(tmp_path: Path) -> AsyncIterator[PythonToolbox]:
    async with hostile(tmp_path, PATIENCE) as toolbox:
        yield toolbox


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[PythonToolbox]:
    async with hostile(tmp_path, TIMEOUT) as toolbox:
        yield toolbox


@asynccontextmanager
async def hostile(tmp_path: Path, seconds: float) -> AsyncIterator[PythonToolbox]:
    sources = {
        "hostile.py": inspect.getsource(hostile_tools),
        "neighbour.py": "def neighbour(text: str) -> str:\n    return text\n",
    }
    async with opened(tmp_path, sources, timeout_seconds=seconds) as toolbox:
        assert not (await toolbox.inventory()).errors
        yield toolbox


async def settled(at_most: int, within: float = 10.0) -> None:
    """Wait until so many processes are left."""
    async with asyncio.timeout(within):
        while len(await asyncio.to_thread(running)) > at_most:  # noqa: ASYNC110 - no event comes of other processes
            await asyncio.sleep(0.02)


def test_every_hostile_tool_is_tried() -> None:
    tools = {name for name, value in vars(hostile_tools).items() if inspect.isfunction(value) and name[0] != "_"}
    assert tools - {"kind", "where"} == set(EXPECTED)


async def test_those_that_do_not_end_are_left_in_time(hasty: PythonToolbox) -> None:
    tools = [tool for tool, (code, _) in EXPECTED.items() if code == LATE]
    began = time.monotonic()
    outcomes = await asyncio.gather(*(hasty.call(tool, {}) for tool in tools))

    assert time.monotonic() - began < TIMEOUT + AT_ONCE
    assert {tool: outcome.error_code for tool, outcome in zip(tools, outcomes, strict=True)} == dict.fromkeys(
        tools, LATE
    )
    assert all(EXPECTED[tool][1] in outcome.text for tool, outcome in zip(tools, outcomes, strict=True))
    assert await result(hasty, "kind", text="well") == "kind: well"


@pytest.mark.parametrize("tool", [tool for tool, (code, _) in EXPECTED.items() if code != LATE])
async def test_only_its_own_call_is_harmed(toolbox: PythonToolbox, tool: str) -> None:
    code, words = EXPECTED[tool]
    began = time.monotonic()
    outcome = await toolbox.call(tool, {})
    took = time.monotonic() - began

    assert (outcome.error_code, words in outcome.text) == (code, True), outcome.text[-1000:]
    assert took < AT_ONCE
    assert len(outcome.text) <= RESULT_CHARACTERS + 100
    assert await result(toolbox, "neighbour", text="well") == "well"
    assert await result(toolbox, "kind", text="well") == "kind: well"


@pytest.mark.parametrize(
    "tool",
    [
        "forks_and_both_return",
        "forks_and_leaves_the_child",
        "forks_and_exits",
        "forks_many",
        "daemonizes",
        "leaves_a_program",
        "leaves_a_thread",
        "daemonizes_and_kills_its_parent",
    ],
)
async def test_what_it_left_behind_does_not_live_on(tmp_path: Path, tool: str) -> None:
    async with hostile(tmp_path, TIMEOUT if EXPECTED[tool][0] == LATE else PATIENCE) as toolbox:
        await toolbox.call(tool, {})

        # The fork server, and the idle worker of the neighbour. A child that ends by itself, and quickly, is no reason
        # not to keep its parent too.
        await settled(3 if tool == "forks_and_both_return" else 2)


async def test_what_it_changed_is_not_there_for_the_next_call(toolbox: PythonToolbox) -> None:
    before = await result(toolbox, "where")
    await toolbox.call("changes_directory", {})

    assert await result(toolbox, "where") == before


async def test_a_fork_server_that_was_stopped_goes_on_when_it_is_needed(hasty: PythonToolbox) -> None:
    stopping = asyncio.create_task(hasty.call("stops_its_parent", {}))
    await asyncio.sleep(TIMEOUT / 4)
    assert await result(hasty, "kind", text="meanwhile") == "kind: meanwhile"
    assert (await stopping).error_code == LATE


async def test_all_at_once(hasty: PythonToolbox) -> None:
    """But those that kill everyone's parent: they cost the calls that are under way."""
    tools = [tool for tool in EXPECTED if "parent" not in tool and "many" not in tool]
    calls = [hasty.call(tool, {}) for tool in tools]
    neighbours = [hasty.call("neighbour", {"text": "well"}) for _ in range(20)]
    async with asyncio.timeout(TIMEOUT + AT_ONCE):
        outcomes = await asyncio.gather(*neighbours, *calls)

    assert len(outcomes) == len(tools) + 20
