"""What a source offers, found out by loading it in a process of its own."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.codec.json_text import clean_text
from adapters.python_tools.docstrings import parameter_descriptions, without_parameters
from adapters.python_tools.failures import ForkServerLost
from adapters.python_tools.pool import Pool
from adapters.python_tools.schema import TooComplex, lowered
from adapters.python_tools.sources import Source
from adapters.python_tools.wording import without_paths
from domain.errors import ToolFailed
from domain.json_value import JsonObject, JsonValue
from domain.tool import Tool, ToolSourceError

LOAD_SECONDS: Final = 10.0
"""A module that takes longer to import than this, or than a call may take, could not be called anyway."""
AT_ONCE: Final = 4
_NAME_CHARACTERS: Final = 64
"""What models' servers take for a name."""
_DOCSTRING_CHARACTERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Findings:
    source: Source
    tools: Sequence[Tool] = ()
    errors: Sequence[ToolSourceError] = ()


async def inspect_all(pool: Pool, sources: Sequence[Source], longest_seconds: float) -> list[Findings]:
    """In the order of the sources. Raises nothing for what a source does."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def within_limit(source: Source) -> Findings | None:
        async with limit:
            return await _inspect_once(pool, source, longest_seconds)

    async with asyncio.TaskGroup() as group:
        first = [group.create_task(within_limit(source)) for source in sources]
    # A source that kills the process which starts workers takes down whoever was being looked at beside it. Alone, it
    # is found out.
    return [
        task.result() or await _inspect_once(pool, source, longest_seconds) or _lost(source)
        for source, task in zip(sources, first, strict=True)
    ]


async def _inspect_once(pool: Pool, source: Source, longest_seconds: float) -> Findings | None:
    """None where the process that starts workers was lost meanwhile."""
    try:
        async with pool.worker(source) as worker, asyncio.timeout(longest_seconds):
            await worker.load()
            reply = await worker.ask({"do": "describe"})
        return await asyncio.to_thread(_findings, source, reply)
    except ForkServerLost:
        return None
    except TimeoutError:
        return _failed(source, f"It did not load within {longest_seconds:g} s.")
    except ToolFailed as error:
        return _failed(source, error.message)


def _lost(source: Source) -> Findings:
    return _failed(source, ForkServerLost().message)


def _failed(source: Source, *reasons: str, tools: Sequence[Tool] = ()) -> Findings:
    return Findings(source, tools, [ToolSourceError(source=source.name, error=_words(reason)) for reason in reasons])


def _findings(source: Source, reply: JsonObject) -> Findings:
    """Nothing in the reply is as it must be: a module may have written it."""
    reasons = [reason for reason in _items(reply.get("errors")) if isinstance(reason, str)]
    if "error" in reply:
        reasons.append(str(reply.get("text")))
    tools: dict[str, Tool] = {}
    for told in _items(reply.get("tools")):
        if not isinstance(told, Mapping):
            continue
        name = str(told.get("name"))
        if not name.isidentifier() or len(name) > _NAME_CHARACTERS:
            reasons.append(f"`{name[:_NAME_CHARACTERS]}` is no name for a tool: letters, digits and `_`, at most 64.")
            continue
        try:
            tools[name] = _tool(source, name, told)
        except (TooComplex, RecursionError):
            reasons.append(f"tool `{name}`: what it takes is too large or too deep to be told to a model")
    return _failed(source, *reasons, tools=list(tools.values()))


def _tool(source: Source, name: str, told: JsonObject) -> Tool:
    docstring = clean_text(str(told.get("docstring") or ""))[:_DOCSTRING_CHARACTERS]
    schema = told.get("schema")
    parameters = lowered(schema if isinstance(schema, Mapping) else {})
    described = _described(parameters, parameter_descriptions(docstring))
    return Tool(name=name, description=without_parameters(docstring), parameters=described, source=source.name)


def _described(parameters: JsonObject, descriptions: Mapping[str, str]) -> JsonObject:
    """With the docstring's descriptions of the parameters that have none of their own."""
    properties = parameters["properties"]
    named = {
        name: {"description": descriptions[name], **schema} if name in descriptions else schema
        for name, schema in (properties.items() if isinstance(properties, Mapping) else ())
        if isinstance(schema, Mapping)
    }
    return {**parameters, "properties": named}


def _words(reason: str) -> str:
    return without_paths(clean_text(reason))[:2000]


def _items(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()
