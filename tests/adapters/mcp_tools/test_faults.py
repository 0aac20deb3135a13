"""Servers that are missing, silent, slow, dying, or out of their minds: each harms its own calls and nothing else."""

import asyncio
import socket
from typing import Any

import pytest

from adapters.mcp_tools import link
from domain.tool import ToolInventory
from tests.adapters.mcp_tools.bench import Bench, Notes, http_server, inventory_when, odd_entry, odd_tool, sdk_entry


def errors_of(inventory: ToolInventory) -> dict[str, str]:
    return {error.source: error.error for error in inventory.errors}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


async def test_one_bad_server_harms_no_other(bench: Bench) -> None:
    toolbox = await bench.open(
        good=odd_entry("tell"),
        missing={"command": "/nowhere/no-such-program"},
        misplaced=odd_entry("tell", cwd="no-such-folder"),
        quits=odd_entry(manner="quits"),
        unreachable={"url": f"http://127.0.0.1:{free_port()}/mcp"},
    )
    inventory = await toolbox.inventory()
    assert [*inventory.tools] == ["good__tell"]
    assert errors_of(inventory) == {
        "mcp:missing": "The command `no-such-program` was not found. Install it, or correct `command`.",
        "mcp:misplaced": "The folder that `cwd` names does not exist.",
        "mcp:quits": "Connection closed. It ended with exit code 5.",
        "mcp:unreachable": "It cannot be reached: All connection attempts failed.",
    }
    assert (await toolbox.call("good__tell", {"a": 1})).text == '{"a": 1}'


async def test_what_is_no_mcp_server_is_named_with_its_status(bench: Bench) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        toolbox = await bench.open(closed={"url": f"http://127.0.0.1:{port}/mcp"})
        assert "It answered with HTTP status 401 (Unauthorized)." in errors_of(await toolbox.inventory())["mcp:closed"]
        await toolbox.aclose()


async def test_a_server_that_dies_in_mid_call_comes_back_by_itself(bench: Bench, notes: Notes) -> None:
    toolbox = await bench.open(sdk=sdk_entry(NOTES=notes.address))
    waiting = [asyncio.create_task(toolbox.call("sdk__wait", {"name": name})) for name in ("one", "two")]
    await notes.expect("started", "one began", "two began")
    for outcome in await asyncio.gather(toolbox.call("sdk__leave", {}), *waiting):
        assert outcome.error_code == "TOOL_EXECUTION_FAILED"
        assert "ended during the call" in outcome.text
    down = await inventory_when(toolbox, lambda inventory: bool(inventory.errors))
    assert errors_of(down) == {"mcp:sdk": "It ended with exit code 3."}
    assert "sdk__echo" in down.tools, "known tools stay"
    outcome = await toolbox.call("sdk__echo", {"text": "there?"})
    assert outcome.error_code == "TOOL_EXECUTION_FAILED"
    assert outcome.text == "The MCP server `sdk` is not available. It ended with exit code 3."
    await notes.expect("gone", "started")
    await inventory_when(toolbox, lambda inventory: not inventory.errors)
    assert (await toolbox.call("sdk__echo", {"text": "there?"})).text == "there?"


async def test_an_idle_server_that_dies_is_noticed_and_comes_back(bench: Bench, notes: Notes) -> None:
    entry = odd_entry("leave", "tell", env={"NOTES": notes.address})
    toolbox = await bench.open(odd=entry)
    await toolbox.call("odd__leave", {})
    await notes.expect("started", "called leave", "gone", "started")


async def test_an_http_server_that_was_started_anew_is_asked_again(bench: Bench) -> None:
    port = free_port()
    with http_server("json", port):
        toolbox = await bench.open(sdk={"url": f"http://127.0.0.1:{port}/mcp"})
        assert (await toolbox.call("sdk__echo", {"text": "1"})).text == "1"
    with http_server("json", port):
        outcomes = await asyncio.gather(*(toolbox.call("sdk__echo", {"text": "2"}) for _ in range(5)))
        assert [outcome.text for outcome in outcomes] == ["2"] * 5, "it does not know the session: nothing was done"
    down = await toolbox.call("sdk__echo", {"text": "3"})
    assert down.error_code == "TOOL_EXECUTION_FAILED"
    with http_server("json", port):
        await toolbox.reload()
        assert (await toolbox.call("sdk__echo", {"text": "4"})).text == "4"


@pytest.mark.parametrize("transport", ["stdio", "sse", "json"])
async def test_a_slow_call_is_given_up_and_the_server_told(
    bench: Bench, notes: Notes, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check(entry: dict[str, Any]) -> None:
        toolbox = await bench.open(sdk=entry)
        await toolbox.inventory()
        toolbox._timeout_seconds = 0.5
        outcome = await toolbox.call("sdk__wait", {"name": "it"})
        assert outcome.error_code == "TOOL_TIMEOUT"
        assert outcome.text == "The tool took longer than 0.5 seconds and was given up."
        cancelled = asyncio.create_task(toolbox.call("sdk__wait", {"name": "other"}))
        await notes.expect("started", "it began", "it ended", "other began")
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        await notes.expect("other ended")

    if transport == "stdio":
        return await check(sdk_entry(NOTES=notes.address))
    monkeypatch.setenv("NOTES", notes.address)
    with http_server(transport) as port:
        return await check({"url": f"http://127.0.0.1:{port}/mcp"})


async def test_a_cancelled_caller_leaves_no_task(bench: Bench, notes: Notes) -> None:
    toolbox = await bench.open(odd=odd_entry("hang", env={"NOTES": notes.address}))
    await toolbox.inventory()
    before = asyncio.all_tasks()
    call = asyncio.create_task(toolbox.call("odd__hang", {}))
    await notes.expect("started", "called hang")
    call.cancel()
    await asyncio.wait([call])
    assert asyncio.all_tasks() <= before
    await notes.expect("cancelled")


async def test_a_server_that_never_answers_is_given_up_and_tried_again(
    bench: Bench, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A good server starts within it on a busy machine too.
    monkeypatch.setattr(link, "CONNECT_SECONDS", 4.0)
    toolbox = await bench.open(silent=odd_entry(manner="silent", env={"NOTES": notes.address}), good=odd_entry("tell"))
    inventory = await toolbox.inventory()
    assert errors_of(inventory) == {"mcp:silent": "It did not answer within 4 seconds."}
    assert [*inventory.tools] == ["good__tell"]
    await notes.expect("started", "gone", "started")


async def test_an_inventory_does_not_wait_for_long(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    toolbox = await bench.open(good=odd_entry("tell"))
    await toolbox.inventory()  # It has started then, which a busy machine may take its time for.
    monkeypatch.setattr("adapters.mcp_tools.toolbox.PATIENCE_SECONDS", 1.0)
    bench.write(good=odd_entry("tell"), silent=odd_entry(manner="silent"))
    async with asyncio.timeout(8):
        await toolbox.reload()
        assert [*(await toolbox.inventory()).tools] == ["good__tell"]
    async with asyncio.timeout(4):
        assert (await toolbox.call("silent__tell", {})).error_code == "TOOL_NOT_FOUND"


async def test_results_that_no_server_should_give(bench: Bench) -> None:
    tools = "surrogate", "huge_id_first", "huge_id_last", "nonsense", "structured", "tell"
    toolbox = await bench.open(odd=odd_entry(*tools, manner="chatty"))
    hanging = asyncio.create_task(toolbox.call("odd__tell", {"a": "\ud800"}))
    outcomes = {tool: await toolbox.call(f"odd__{tool}", {}) for tool in tools}
    assert outcomes["surrogate"].text == "a cut \ufffd face"
    assert outcomes["structured"].text == '{"degrees":21}'
    assert outcomes["huge_id_first"].text == "The result is longer than 8 MiB. Ask for less of it."
    assert outcomes["huge_id_last"].text == outcomes["huge_id_first"].text
    assert "not understood (content" in outcomes["nonsense"].text
    assert {tool for tool, outcome in outcomes.items() if outcome.success} == {"surrogate", "structured", "tell"}
    assert (await hanging).text == '{"a": "\\ufffd"}'


async def test_a_server_that_speaks_the_newest_protocol_alone(bench: Bench) -> None:
    toolbox = await bench.open(odd=odd_entry("tell", manner="modern"))
    assert (await toolbox.call("odd__tell", {"a": 1})).text == '{"a": 1}'


async def test_lists_in_pages_with_names_and_schemas_that_cannot_be(bench: Bench) -> None:
    pages = [
        [odd_tool("one"), odd_tool("with space"), odd_tool("b__c")],
        [odd_tool("one"), odd_tool("broken", {"type": "object", "properties": {"a": {"type": "odd"}}})],
    ]
    unspeakable = "its name here, `server__tool`, may be up to 128 letters, digits, `-`, `_` and `.`"
    toolbox = await bench.open(a=odd_entry(pages=pages), a__b=odd_entry("c"))
    inventory = await toolbox.inventory()
    assert sorted(inventory.tools) == ["a__b__c", "a__broken", "a__one"]
    assert inventory.tools["a__b__c"].source == "mcp:a"
    assert [(error.source, error.error) for error in inventory.errors] == [
        ("mcp:a", f"The tool `with space` is left out: {unspeakable}."),
        ("mcp:a", "The tool `one` is left out: there is another tool of this name."),
        ("mcp:a__b", "The tool `a__b__c` is left out: mcp:a has it."),
    ]
    assert (await toolbox.call("a__broken", {"a": 1})).success, "a broken schema forbids nothing"


async def test_a_list_that_breaks_the_protocol_says_where(bench: Bench) -> None:
    toolbox = await bench.open(odd=odd_entry(pages=[[odd_tool("one"), odd_tool("two", {"type": "array"})]]))
    (error,) = (await toolbox.inventory()).errors
    assert error.error.startswith("It sent an answer that is not understood (tools.1.inputSchema.type: ")


async def test_a_server_without_tools_is_none_that_failed(bench: Bench) -> None:
    toolbox = await bench.open(odd=odd_entry(manner="toolless"))
    assert await toolbox.inventory() == ToolInventory()


async def test_a_result_in_many_pieces_or_against_its_promise(bench: Bench) -> None:
    promising = {
        **odd_tool("promise"),
        "outputSchema": {"type": "object", "properties": {"degrees": {"type": "number"}}},
    }
    toolbox = await bench.open(odd=odd_entry(pages=[[promising, odd_tool("pieces")]]))
    assert (await toolbox.call("odd__promise", {})).text == '{"degrees":"many"}'
    assert (await toolbox.call("odd__pieces", {})).text == "x\n" * 1000 + "[199000 more pieces were left out.]"


@pytest.mark.parametrize("transport", ["stdio", "json"])
async def test_a_server_that_freezes_holds_up_nobody(bench: Bench, transport: str) -> None:
    async def check(entry: dict[str, Any]) -> None:
        toolbox = await bench.open(sdk=entry)
        await toolbox.inventory()
        toolbox._timeout_seconds = 0.3
        for tool in ("freeze", "fail"):
            async with asyncio.timeout(5):
                assert (await toolbox.call(f"sdk__{tool}", {})).error_code == "TOOL_TIMEOUT"
        async with asyncio.timeout(8):
            await toolbox.aclose()

    if transport == "stdio":
        return await check(sdk_entry())
    with http_server(transport) as port:
        return await check({"url": f"http://127.0.0.1:{port}/mcp"})


async def test_a_server_is_gone_though_what_it_started_holds_its_output(bench: Bench) -> None:
    toolbox = await bench.open(timeout_seconds=50, odd=odd_entry("leave_a_helper", "echo"))
    await toolbox.inventory()
    async with asyncio.timeout(30):
        assert "ended during the call" in (await toolbox.call("odd__leave_a_helper", {})).text
        await inventory_when(toolbox, lambda inventory: bool(inventory.errors))
        await inventory_when(toolbox, lambda inventory: not inventory.errors)
        assert (await toolbox.call("odd__echo", {"text": "again"})).success


async def test_a_server_that_does_not_read_is_as_good_as_gone(bench: Bench) -> None:
    toolbox = await bench.open(timeout_seconds=3.0, odd=odd_entry("tell", "sleep_well"))
    await toolbox.inventory()
    resting = asyncio.create_task(toolbox.call("odd__sleep_well", {}))
    large = {"text": "x" * 7_000_000}
    outcomes = await asyncio.gather(*(toolbox.call("odd__tell", large) for _ in range(4)))
    assert {outcome.error_code for outcome in outcomes} <= {"TOOL_TIMEOUT", "TOOL_EXECUTION_FAILED"}
    assert "ended during the call" in outcomes[-1].text
    assert not (await resting).success
    await inventory_when(toolbox, lambda inventory: bool(inventory.errors))
    await inventory_when(toolbox, lambda inventory: not inventory.errors)
