"""Tools of servers made of the SDK's classes, over each transport."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from adapters.mcp_tools.toolbox import McpToolbox
from domain.errors import ToolNotFound, ValidationFailed
from domain.tool import RESULT_CHARACTERS
from tests.adapters.mcp_tools.bench import Bench, http_server, inventory_when, sdk_entry

# One server of each kind for all: the SDK takes a second to start.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(params=["stdio", "sse", "json"], scope="module")
def entry(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    if request.param == "stdio":
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OURS", "secret")
            yield sdk_entry(GIVEN="${OURS}!")
    else:
        with http_server(request.param) as port:
            yield {"type": "http", "url": f"http://127.0.0.1:{port}/mcp", "headers": {"X-Key": "secret"}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def toolbox(tmp_path_factory: pytest.TempPathFactory, entry: dict[str, Any]) -> AsyncIterator[McpToolbox]:
    toolbox = await Bench(tmp_path_factory.mktemp("tools")).open(sdk=entry)
    yield toolbox
    await toolbox.aclose()


async def test_tools_are_listed_and_called(toolbox: McpToolbox) -> None:
    inventory = await toolbox.inventory()
    assert inventory.errors == ()
    echo = inventory.tools["sdk__echo"]
    assert (echo.name, echo.description, echo.source) == ("sdk__echo", "Give back the text.", "mcp:sdk")
    assert echo.parameters["type"] == "object"
    assert "$ref" not in str(inventory.tools["sdk__count"].parameters)
    said = await toolbox.call("sdk__echo", {"text": "Grüße 🎐"})
    assert (said.text, said.success) == ("Grüße 🎐", True)
    assert (await toolbox.call("sdk__mirror", {"point": {"x": 1}})).text == '{\n  "x": 0,\n  "y": 1\n}'
    assert (await toolbox.call("sdk__count", {"tree": {"value": 1, "children": [{"value": 2}]}})).text == "2"
    assert (await toolbox.call("sdk__picture", {})).text == "Here it is:\n[image image/png, 301 bytes]"


async def test_what_a_tool_says_of_its_failure_is_the_outcome(toolbox: McpToolbox) -> None:
    await toolbox.inventory()
    outcome = await toolbox.call("sdk__fail", {})
    assert outcome.error_code == "TOOL_EXECUTION_FAILED"
    assert "The kettle is empty." in outcome.text


async def test_wrong_arguments_do_not_reach_the_server(toolbox: McpToolbox) -> None:
    outcome = await toolbox.call("sdk__mirror", {"point": {"x": "one"}})
    assert outcome.error_code == "VALIDATION_ERROR"
    assert '`point.x` must be of type integer, not "one".' in outcome.text
    with pytest.raises(ValidationFailed, match="`text` must be given"):
        await toolbox.check_arguments("sdk__echo", {})
    with pytest.raises(ToolNotFound):
        await toolbox.check_arguments("sdk__none", {})
    assert (await toolbox.call("sdk__none", {})).error_code == "TOOL_NOT_FOUND"


async def test_a_long_result_is_cut_and_an_endless_one_refused(toolbox: McpToolbox) -> None:
    cut = await toolbox.call("sdk__long", {"characters": 300_000})
    assert cut.success
    assert cut.text.startswith("x" * RESULT_CHARACTERS + "\n[")
    refused = await toolbox.call("sdk__long", {"characters": 9_000_000})
    assert refused.error_code == "TOOL_EXECUTION_FAILED"
    assert (await toolbox.call("sdk__echo", {"text": "still there"})).success


async def test_many_calls_at_once(toolbox: McpToolbox) -> None:
    texts = [f"{number}" for number in range(150)]
    outcomes = await asyncio.gather(*(toolbox.call("sdk__echo", {"text": text}) for text in texts))
    assert [outcome.text for outcome in outcomes] == texts


async def test_a_server_that_asks_for_an_answer_of_a_model_is_refused(toolbox: McpToolbox) -> None:
    assert (await toolbox.call("sdk__ask", {})).error_code == "TOOL_EXECUTION_FAILED"


async def test_new_tools_that_are_announced_are_there(toolbox: McpToolbox, entry: dict[str, Any]) -> None:
    assert (await toolbox.call("sdk__grow", {})).success
    if "url" not in entry:
        await inventory_when(toolbox, lambda inventory: "sdk__grown" in inventory.tools)
    await toolbox.reload()
    assert (await toolbox.call("sdk__grown", {})).text == "new"


async def test_an_http_server_gets_the_headers(toolbox: McpToolbox, entry: dict[str, Any]) -> None:
    expected = "secret" if "url" in entry else "None"
    assert (await toolbox.call("sdk__headers", {})).text == expected


async def test_a_process_gets_few_variables_and_its_own(toolbox: McpToolbox, entry: dict[str, Any]) -> None:
    if "env" in entry:
        assert (await toolbox.call("sdk__variable", {"name": "GIVEN"})).text == "secret!"
        assert (await toolbox.call("sdk__variable", {"name": "OURS"})).text == "not set"
