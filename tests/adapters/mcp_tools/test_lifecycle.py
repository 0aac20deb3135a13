"""Opening, looking anew, and closing."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.mcp_tools.toolbox import McpToolbox
from tests.adapters.mcp_tools.bench import Bench, Notes, http_server, odd_entry, sdk_entry

ROOT = Path(__file__).parents[3]

WITHOUT_SDK = """
import asyncio, sys
from pathlib import Path
from adapters.mcp_tools.toolbox import McpToolbox

async def main(file, *absent):
    sys.modules.update(dict.fromkeys(absent))
    toolbox = McpToolbox(config_file=Path(file), timeout_seconds=5)
    await toolbox.open()
    for error in (await toolbox.inventory()).errors:
        print(error.source, error.error)
    print([name for name in ("mcp", "jsonschema", "httpx2") if sys.modules.get(name)])
    await toolbox.aclose()

asyncio.run(main(*sys.argv[1:]))
"""

UNDER_UVLOOP = """
import asyncio, sys, time
from pathlib import Path
import uvloop
from adapters.mcp_tools.toolbox import McpToolbox

async def main(file):
    toolbox = McpToolbox(config_file=Path(file), timeout_seconds=15)
    await toolbox.open()
    print(await toolbox.call("sdk__echo", {"text": "hello"}))
    print((await toolbox.call("sdk__leave", {})).error_code)
    print((await toolbox.call("stubborn__tell", {})).text)
    began = time.monotonic()
    await toolbox.aclose()
    print(time.monotonic() - began < 8, len(asyncio.all_tasks()))

uvloop.run(main(sys.argv[1]))
"""


def run(program: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", "-c", program, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout


def test_where_the_sdk_is_missing_each_server_says_what_to_install(bench: Bench) -> None:
    bench.write(one=odd_entry("tell"), two={"url": "http://127.0.0.1:1/mcp"})
    install = "MCP servers need a package that is not installed: pip install 'mochi-server[mcp]'."
    expected = f"mcp:one {install}\nmcp:two {install}\n[]\n"
    assert run(WITHOUT_SDK, str(bench.file), "mcp", "jsonschema", "httpx2") == expected


def test_without_servers_the_sdk_is_not_imported(tmp_path: Path) -> None:
    assert run(WITHOUT_SDK, str(tmp_path / "mcp_servers.json")) == "[]\n"


def test_under_uvloop(bench: Bench) -> None:
    bench.write(sdk=sdk_entry(), stubborn=odd_entry("tell", manner="stubborn"))
    lines = run(UNDER_UVLOOP, str(bench.file)).splitlines()
    assert lines == [
        "ToolOutcome(text='hello', error_code=None)",
        "TOOL_EXECUTION_FAILED",
        "{}",
        "True 1",
    ]


async def test_closing_ends_calls_and_leaves_neither_process_nor_task(bench: Bench, notes: Notes) -> None:
    before = asyncio.all_tasks()
    env = {"NOTES": notes.address}
    toolbox = await bench.open(
        polite=odd_entry("hang", env=env),
        stubborn=odd_entry("hang", manner="stubborn", env=env),
        silent=odd_entry(manner="silent", env=env),
        missing={"command": "no-such-program"},
    )
    calls = [asyncio.create_task(toolbox.call(f"{name}__hang", {})) for name in ("polite", "stubborn")]
    await notes.expect(*["started"] * 3, *["called hang"] * 2)
    async with asyncio.timeout(8):
        await toolbox.aclose()
    outcomes = await asyncio.gather(*calls)
    assert [outcome.error_code for outcome in outcomes] == ["TOOL_EXECUTION_FAILED"] * 2
    told = [await notes.next() for _ in range(3)]
    assert told.count("gone") + told.count("cancelled") == 3
    while told.count("gone") < 3:
        told.append(await notes.next())
    assert {task for task in asyncio.all_tasks() - before if "taking_notes" not in str(task)} == set()


async def test_closing_while_a_server_is_being_connected(bench: Bench, notes: Notes) -> None:
    toolbox = await bench.open(silent=odd_entry(manner="silent", env={"NOTES": notes.address}))
    await notes.expect("started")
    async with asyncio.timeout(8):
        await toolbox.aclose()
    await notes.expect("gone")
    await toolbox.reload()
    assert (await toolbox.inventory()).tools == {}


async def test_a_reload_finds_what_was_changed_in_the_file(bench: Bench, notes: Notes) -> None:
    env = {"NOTES": notes.address}
    same, old, new = odd_entry("tell", env=env), odd_entry("hang", env=env), odd_entry("tell", "more", env=env)
    toolbox = await bench.open(same=same, changed=old, removed=old)
    assert sorted((await toolbox.inventory()).tools) == ["changed__hang", "removed__hang", "same__tell"]
    await notes.expect(*["started"] * 3)
    under_way = asyncio.create_task(toolbox.call("changed__hang", {}))
    await notes.expect("called hang")
    bench.write(same=same, changed=new, added=new, off={**old, "disabled": True})
    await toolbox.reload()
    tools = ["added__more", "added__tell", "changed__more", "changed__tell", "same__tell"]
    assert sorted((await toolbox.inventory()).tools) == tools
    await notes.expect("gone", "started", "started")
    assert (await toolbox.call("changed__more", {"a": 1})).text == '{"a": 1}'
    assert not under_way.done(), "it ends with the server that it began with"
    under_way.cancel()
    await notes.expect("called more", "cancelled", "gone")
    bench.file.unlink()
    await toolbox.reload()
    assert (await toolbox.inventory()).tools == {}
    await notes.expect("gone", "gone", "gone")


async def test_a_mistake_in_the_file_ends_no_server(bench: Bench, notes: Notes) -> None:
    entry = odd_entry("tell", env={"NOTES": notes.address})
    toolbox = await bench.open(one=entry, other=entry)
    await toolbox.inventory()
    await notes.expect("started", "started")

    bench.file.write_text(bench.file.read_text()[:-1])
    await toolbox.reload()
    inventory = await toolbox.inventory()
    assert sorted(inventory.tools) == ["one__tell", "other__tell"]
    assert [error.source for error in inventory.errors] == ["mcp_servers.json"]
    assert inventory.errors[0].error.endswith("What it said before still holds.")

    bench.write(one={**entry, "args": "no list"}, new=entry)
    await toolbox.reload()
    inventory = await toolbox.inventory()
    assert sorted(inventory.tools) == ["new__tell", "one__tell"]
    assert inventory.errors[0].error.endswith("What it said before still holds.")
    await notes.expect("gone", "started")


async def test_a_reload_asks_a_server_again_that_was_down(bench: Bench, tmp_path: Path) -> None:
    toolbox = await bench.open(late=odd_entry("tell", cwd=str(tmp_path / "late")))
    assert (await toolbox.inventory()).errors
    (tmp_path / "late").mkdir()
    await toolbox.reload()
    inventory = await toolbox.inventory()
    assert (inventory.errors, [*inventory.tools]) == ((), ["late__tell"])


async def test_reloads_at_once(bench: Bench) -> None:
    toolbox = await bench.open(odd=odd_entry("tell"))
    await asyncio.gather(*(toolbox.reload() for _ in range(20)))
    assert (await toolbox.call("odd__tell", {})).text == "{}"


@pytest.mark.parametrize("style", ["sse", "json"])
async def test_closing_does_not_wait_for_an_http_server(
    bench: Bench, notes: Notes, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTES", notes.address)
    with http_server(style) as port:
        toolbox = await bench.open(sdk={"url": f"http://127.0.0.1:{port}/mcp"})
        call = asyncio.create_task(toolbox.call("sdk__wait", {"name": "it"}))
        await notes.expect("started", "it began")
        async with asyncio.timeout(8):
            await toolbox.aclose()
        assert not (await call).success


async def test_a_toolbox_that_was_not_opened_closes(bench: Bench) -> None:
    await McpToolbox(config_file=bench.file, timeout_seconds=1).aclose()
