"""Tools in memory: functions of this process, for use cases."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from application.ports import toolbox as ports
from domain.errors import ToolNotFound, ValidationFailed
from domain.json_value import JsonObject
from domain.tool import Tool, ToolInventory, ToolOutcome, ToolSourceError, cut_result

Function: TypeAlias = Callable[[JsonObject], Awaitable[str]]


class FakeToolbox(ports.Toolbox):
    """Each tool takes one `text`; those of agents are called `agent.tool`. A function that raises fails its call.

    `calls` tells what was called, in order.
    """

    def __init__(self, functions: Mapping[str, Function] | None = None, *, timeout: float = 5.0) -> None:
        self.functions = dict(functions or {})
        self.errors: tuple[ToolSourceError, ...] = ()
        self.calls: list[tuple[str, JsonObject]] = []
        self.reloads = 0
        self._timeout = timeout

    async def inventory(self) -> ToolInventory:
        return ToolInventory(tools={name: _tool(name) for name in sorted(self.functions)}, errors=self.errors)

    async def reload(self) -> None:
        self.reloads += 1

    async def check_arguments(self, tool_name: str, arguments: JsonObject) -> None:
        if tool_name not in self.functions:
            raise ToolNotFound(tool_name)
        if not set(arguments) <= {"text"} or not isinstance(arguments.get("text", ""), str):
            raise ValidationFailed("`text` must be a string, and nothing else is taken.", field="text")

    async def call(self, tool_name: str, arguments: JsonObject) -> ToolOutcome:
        try:
            await self.check_arguments(tool_name, arguments)
            self.calls.append((tool_name, arguments))
            async with asyncio.timeout(self._timeout):
                text = await self.functions[tool_name](arguments)
        except ToolNotFound as error:
            return ToolOutcome(text=error.message, error_code="TOOL_NOT_FOUND")
        except ValidationFailed as error:
            return ToolOutcome(text=error.message, error_code="VALIDATION_ERROR")
        except TimeoutError:
            return ToolOutcome(text="The tool took too long.", error_code="TOOL_TIMEOUT")
        except Exception as error:  # noqa: BLE001 - whatever a tool raises is its call's outcome
            return ToolOutcome(text=f"{type(error).__name__}: {error}", error_code="TOOL_EXECUTION_FAILED")
        return ToolOutcome(text=cut_result(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")))


async def echo(arguments: JsonObject) -> str:
    return str(arguments.get("text", ""))


def _tool(name: str) -> Tool:
    parameters: JsonObject = {"type": "object", "properties": {"text": {"type": "string"}}}
    source = f"{name.partition('.')[0]}/" if "." in name else "memory"
    return Tool(name=name, description=f"The tool {name}.", parameters=parameters, source=source)
