"""A server's list of tools as the domain's."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from mcp_types import Tool as RemoteTool

from adapters.codec.json_text import clean_text
from adapters.mcp_tools.arguments import Parameters
from adapters.mcp_tools.entries import source_of
from adapters.mcp_tools.schemas import flat_parameters
from domain.tool import Tool, ToolSourceError

_TOOL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTool:
    """`remote_name` is what its server calls it."""

    tool: Tool
    remote_name: str
    parameters: Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Tools by the names that they have here, and why others are not among them."""

    tools: Mapping[str, ServerTool]
    errors: tuple[ToolSourceError, ...]


def listing_of(server_name: str, remote_tools: Iterable[RemoteTool]) -> Listing:
    tools: dict[str, ServerTool] = {}
    errors: list[ToolSourceError] = []
    for remote in remote_tools:
        name = f"{server_name}__{remote.name}"
        try:
            tools[name] = _tool(name, remote, source_of(server_name), tools)
        except (ValueError, RecursionError) as error:
            reason = "its parameters are nested too deeply" if isinstance(error, RecursionError) else str(error)
            words = f"The tool `{clean_text(remote.name)[:200]}` is left out: {reason}."
            errors.append(ToolSourceError(source=source_of(server_name), error=words))
    return Listing(tools=tools, errors=tuple(errors))


def _tool(name: str, remote: RemoteTool, source: str, others: Collection[str]) -> ServerTool:
    if name in others:
        raise ValueError("there is another tool of this name")
    if not _TOOL_NAME.fullmatch(name):
        raise ValueError("its name here, `server__tool`, may be up to 128 letters, digits, `-`, `_` and `.`")
    parameters = flat_parameters(remote.input_schema)
    description = clean_text(remote.description or remote.title or "")
    tool = Tool(name=name, description=description, parameters=parameters, source=source)
    return ServerTool(tool=tool, remote_name=remote.name, parameters=Parameters(parameters))
