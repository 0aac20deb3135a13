"""The example agents are agents, and say what their models need to know."""

from pathlib import Path

import pytest

from adapters.python_tools.toolbox import PythonToolbox
from adapters.skill_files.agent_store import SkillFiles
from application.agent_directory import AgentDirectory
from tests.examples.agents import AGENTS, EXAMPLES

TOOLS = {
    "files": {"list_files", "read_file", "search_files", "write_note"},
    "researcher": {"calculate", "current_time", "read_source", "search_sources", "time_between"},
}


@pytest.fixture
def store(tmp_path: Path) -> SkillFiles:
    return SkillFiles(
        folder=AGENTS,
        chats_folder=tmp_path / "chats",
        planning_prompt=tmp_path / "none.md",
        execution_prompt=tmp_path / "none.md",
    )


async def test_they_are_valid_and_have_their_tools(store: SkillFiles, toolbox: PythonToolbox) -> None:
    agents = await AgentDirectory(store=store, toolbox=toolbox).agents()

    assert {name: (agent.error_message, set(agent.tools)) for name, agent in agents.items()} == {
        name: (None, tools) for name, tools in TOOLS.items()
    }
    assert (await toolbox.inventory()).errors == ()


async def test_each_tool_says_what_it_does_and_takes(toolbox: PythonToolbox) -> None:
    for tool in (await toolbox.inventory()).tools.values():
        properties = tool.parameters["properties"]
        assert isinstance(properties, dict)
        assert tool.description
        assert all(schema["description"] for schema in properties.values())


@pytest.mark.parametrize("name", TOOLS)
async def test_a_system_prompt_names_every_tool(store: SkillFiles, name: str) -> None:
    # Agents plan without being offered any: what they have, they know from here alone.
    skill = await store.read_skill(name)

    assert all(f"`{tool}`" in skill.system_prompt for tool in TOOLS[name])


@pytest.mark.parametrize("name", ["arithmetic.py", "clock.py"])
def test_sample_tools_that_were_copied_are_as_they_are(name: str) -> None:
    assert (AGENTS / "researcher" / "tools" / name).read_bytes() == (EXAMPLES / "tools" / name).read_bytes()
