"""Tools and agents, from their folders and servers."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from dependency_injector import providers

from adapters.mcp_tools.toolbox import McpToolbox
from adapters.python_tools.sources import Sources, read_agents
from adapters.python_tools.toolbox import PythonToolbox
from adapters.skill_files.agent_store import SkillFiles
from application.ports.agent_store import AgentStore
from entrypoints.container.foundations import Foundations
from entrypoints.container.lifecycles import OpenedToolbox

MCP_SERVERS_FILE = "mcp_servers.json"
"""In the data folder (contract, section 6)."""


settings = Foundations.settings


def _agents_reader(chats_folder: Path) -> Callable[[Path], Sources]:
    return partial(read_agents, leave_out=chats_folder)


class Toolboxes(Foundations):
    """Each toolbox is opened before its first use."""

    toolboxes: providers.Provider[list[OpenedToolbox]] = providers.List(
        providers.Singleton(
            PythonToolbox,
            folder=settings.provided.tools_dir,
            python=settings.provided.tool_python,
            timeout_seconds=settings.provided.tool_timeout,
        ),
        providers.Singleton(
            McpToolbox,
            config_file=providers.Callable(Path.joinpath, settings.provided.data_dir, MCP_SERVERS_FILE),
            timeout_seconds=settings.provided.tool_timeout,
        ),
    )
    agent_toolbox: providers.Provider[OpenedToolbox] = providers.Singleton(
        PythonToolbox,
        folder=settings.provided.agents_dir,
        python=settings.provided.tool_python,
        timeout_seconds=settings.provided.tool_timeout,
        read=providers.Callable(_agents_reader, settings.provided.agent_chats_dir),
    )
    agent_store: providers.Provider[AgentStore] = providers.Singleton(
        SkillFiles,
        folder=settings.provided.agents_dir,
        chats_folder=settings.provided.agent_chats_dir,
        planning_prompt=settings.provided.planning_prompt_path,
        execution_prompt=settings.provided.execution_prompt_path,
    )
