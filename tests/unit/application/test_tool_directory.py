"""Several toolboxes as one."""

import pytest

from application.tool_directory import ToolDirectory
from domain.errors import ToolNotFound
from domain.session import ToolSettings
from domain.tool import ToolSourceError
from tests.fakes.toolbox import FakeToolbox, echo


async def test_the_first_of_two_tools_of_one_name_counts_and_the_other_is_an_error() -> None:
    first, second = FakeToolbox({"a": echo, "b": echo}), FakeToolbox({"b": echo, "c": echo})
    first.errors = (ToolSourceError(source="x.py", error="broken"),)
    directory = ToolDirectory(toolboxes=[first, second])

    inventory = await directory.inventory()
    outcomes = [await directory.call(name, {"text": name}) for name in ("a", "b", "c", "d")]
    await directory.reload()

    assert list(inventory.tools) == ["a", "b", "c"]
    assert [each.source for each in inventory.errors] == ["x.py", "memory"]
    assert "`b`" in inventory.errors[1].error
    assert [outcome.error_code for outcome in outcomes] == [None, None, None, "TOOL_NOT_FOUND"]
    assert [name for name, _ in first.calls] == ["a", "b"]
    assert (first.reloads, second.reloads) == (1, 1)
    with pytest.raises(ToolNotFound):
        await directory.check_arguments("d", {})


async def test_a_session_without_tools_waits_for_no_toolbox() -> None:
    class Slow(FakeToolbox):
        async def inventory(self):  # type: ignore[no-untyped-def] # it is never called
            raise AssertionError

    directory = ToolDirectory(toolboxes=[Slow()])

    assert await directory.enabled(ToolSettings()) == {}


async def test_what_is_enabled_keeps_the_sessions_order_and_leaves_out_what_is_not_there() -> None:
    directory = ToolDirectory(toolboxes=[FakeToolbox({"a": echo, "b": echo})])

    enabled = await directory.enabled(ToolSettings(tools=("b", "gone", "a", "b")))

    assert list(enabled) == ["b", "a"]
