"""The sample tools do what they say, as tools."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from adapters.python_tools.toolbox import PythonToolbox
from domain.json_value import JsonObject
from tests.adapters.python_tools.folders import opened, result

EXAMPLES: Final = Path(__file__).parents[3] / "examples" / "tools"


@pytest.fixture
async def toolbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PythonToolbox]:
    monkeypatch.setenv("TOOL_FILES_FOLDER", str(tmp_path / "shared"))
    async with opened(EXAMPLES) as toolbox:
        yield toolbox


async def test_they_load_and_describe_all_that_they_take(toolbox: PythonToolbox) -> None:
    inventory = await toolbox.inventory()

    assert inventory.errors == ()
    assert set(inventory.tools) == {
        "calculate",
        "current_time",
        "time_between",
        "list_files",
        "read_file",
        "write_file",
    }
    for tool in inventory.tools.values():
        properties = tool.parameters["properties"]
        assert isinstance(properties, dict)
        assert tool.description
        assert all(schema["description"] for schema in properties.values())


async def test_sums(toolbox: PythonToolbox) -> None:
    sums = [
        ("2 * (3 + 4) ** 2", "98"),
        ("2 ^ 10", "1024"),
        ("-7 // 2 + 7 % 4", "-1"),
        ("round(sqrt(2), 4)", "1.4142"),
        ("max(1, min(5, 3)) / 2", "1.5"),
        ("12345678901234567890 * 10", "123456789012345678900"),
        ("cos(pi)", "-1.0"),
    ]
    for expression, value in sums:
        assert await result(toolbox, "calculate", expression=expression) == value


async def test_what_is_no_sum_is_an_error(toolbox: PythonToolbox) -> None:
    for expression in [
        "__import__('os').getcwd()",
        "().__class__",
        "9 ** 9 ** 9",
        "1 / 0",
        "2 +",
        "'a' * 3",
        "True",
        "open('x')",
        "x",
    ]:
        assert (await toolbox.call("calculate", {"expression": expression})).error_code == "TOOL_EXECUTION_FAILED"


async def test_times(toolbox: PythonToolbox) -> None:
    assert "UTC" in await result(toolbox, "current_time")
    assert await result(toolbox, "time_between", start="2024-02-28T09:00:00", end="2024-03-01T10:30:00") == (
        "2 days, 1:30:00"
    )
    for zone in ("Nowhere/Land", "../../etc/passwd", ""):
        outcome = await toolbox.call("current_time", {"timezone": zone})
        assert "There is no time zone" in outcome.text


async def test_files_are_written_listed_and_read(toolbox: PythonToolbox) -> None:
    assert await result(toolbox, "list_files") == "[]"
    await result(toolbox, "write_file", path="notes/today.md", content="größer")
    assert await result(toolbox, "list_files") == '["notes/today.md"]'
    assert await result(toolbox, "read_file", path="notes/today.md") == "größer"

    again: JsonObject = {"path": "notes/today.md", "content": "new"}
    assert not (await toolbox.call("write_file", again)).success
    assert (await toolbox.call("write_file", {**again, "overwrite": True})).success
    assert await result(toolbox, "read_file", path="notes/today.md") == "new"


async def test_no_path_leads_out_of_the_folder(toolbox: PythonToolbox, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "link").symlink_to(tmp_path)
    for path in ("../secret", "/etc/passwd", "link/secret", "notes/../../secret", "link"):
        calls: list[tuple[str, JsonObject]] = [
            ("read_file", {"path": path}),
            ("write_file", {"path": path, "content": "x", "overwrite": True}),
            ("list_files", {"folder": path}),
        ]
        for tool, arguments in calls:
            assert "leads out of the shared folder" in (await toolbox.call(tool, arguments)).text

    assert await result(toolbox, "list_files") == "[]"
    assert (tmp_path / "secret").read_text() == "secret"
