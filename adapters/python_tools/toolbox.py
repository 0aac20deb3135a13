"""The tools of a folder, as a toolbox."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from adapters.python_tools.calls import Action, TimedOut, failed_outcome, request_of, text_of
from adapters.python_tools.inspection import LOAD_SECONDS, Findings, inspect_all
from adapters.python_tools.pool import Pool
from adapters.python_tools.sources import Source, Sources, read_sources
from application.ports import toolbox as ports
from domain.errors import ToolFailed, ToolNotFound, ValidationFailed
from domain.json_value import JsonObject
from domain.tool import Tool, ToolInventory, ToolOutcome, ToolSourceError


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """What one look at the folder found. `failure` is why nothing could be loaded at all."""

    inventory: ToolInventory = field(default_factory=ToolInventory)
    sources: Mapping[str, Source] = field(default_factory=dict)
    failure: ToolFailed | None = None

    def source_of(self, tool_name: str) -> Source:
        """Raises ToolNotFound, and ToolFailed where nobody can tell."""
        if tool_name in self.sources:
            return self.sources[tool_name]
        raise self.failure or ToolNotFound(tool_name)


class PythonToolbox(ports.Toolbox):
    """Each source is loaded and called in processes of its own; `docs/adr/0009` says how."""

    def __init__(
        self,
        *,
        folder: Path,
        python: Path | None,
        timeout_seconds: float,
        read: Callable[[Path], Sources] = read_sources,
    ) -> None:
        """`python` is the interpreter that runs tools, and has pydantic; None is the one that runs us."""
        self._folder = folder
        self._read = read
        self._timeout = timeout_seconds
        self._pool = Pool(python or Path(sys.executable))
        self._loading: asyncio.Task[None] | None = None
        self._one_look = asyncio.Lock()
        self._catalogue = _Catalogue()

    async def open(self) -> None:
        """Begin to load in the background."""
        self._loading = asyncio.create_task(self._load())

    async def aclose(self) -> None:
        """End what is under way, and all processes."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])
        await self._pool.aclose()

    async def inventory(self) -> ToolInventory:
        return (await self._loaded()).inventory

    async def reload(self) -> None:
        await self._load()

    async def check_arguments(self, tool_name: str, arguments: JsonObject) -> None:
        await self._run("check", tool_name, arguments)

    async def call(self, tool_name: str, arguments: JsonObject) -> ToolOutcome:
        try:
            return ToolOutcome(text=await self._run("call", tool_name, arguments))
        except (ToolNotFound, ValidationFailed, ToolFailed) as error:
            return failed_outcome(error)

    async def _run(self, do: Action, tool_name: str, arguments: JsonObject) -> str:
        """The result's text. Raises ToolNotFound, ValidationFailed, ToolFailed; of the last also TimedOut."""
        waits_for = "the tools to be loaded"
        try:
            async with asyncio.timeout(self._timeout):
                source = (await self._loaded()).source_of(tool_name)
                request = request_of(do, tool_name.removeprefix(source.prefix), arguments)
                waits_for = "a free worker, as too many calls were at work"
                async with self._pool.worker(source) as worker:
                    waits_for = ""
                    await worker.load()
                    reply = await worker.ask(request)
        except TimeoutError:
            raise TimedOut(self._timeout, waits_for) from None
        return text_of(tool_name, reply)

    async def _loaded(self) -> _Catalogue:
        if self._loading is not None:
            await asyncio.wait([self._loading])
        return self._catalogue

    async def _load(self) -> None:
        async with self._one_look:
            self._catalogue = await self._look()
            self._pool.keep_only(self._catalogue.sources.values())

    async def _look(self) -> _Catalogue:
        sources, errors = await asyncio.to_thread(self._read, self._folder)
        if not sources:
            return _Catalogue(ToolInventory(errors=tuple(errors)))
        try:
            await self._pool.ready()
        except ToolFailed as failure:
            unusable = ToolSourceError(source="MOCHI_TOOL_PYTHON", error=failure.message)
            return _Catalogue(ToolInventory(errors=(*errors, unusable)), failure=failure)
        # Workers that looked at a source are warm for its calls.
        self._pool.keep_only([*self._catalogue.sources.values(), *sources])
        return _catalogue(await inspect_all(self._pool, sources, min(LOAD_SECONDS, self._timeout)), errors)


def _catalogue(all_findings: Sequence[Findings], errors: Sequence[ToolSourceError]) -> _Catalogue:
    """`all_findings` in alphabetical order of their sources."""
    tools: dict[str, Tool] = {}
    sources: dict[str, Source] = {}
    all_errors = [*errors]
    for findings in all_findings:
        all_errors += findings.errors
        for found in findings.tools:
            tool = replace(found, name=findings.source.prefix + found.name)
            if tool.name in tools:
                reason = f"`{tools[tool.name].source}` offers a tool of the name `{tool.name}` already."
                all_errors.append(ToolSourceError(source=tool.source, error=reason))
            else:
                tools[tool.name], sources[tool.name] = tool, findings.source
    all_errors.sort(key=lambda error: error.source)
    return _Catalogue(ToolInventory(tools=dict(sorted(tools.items())), errors=tuple(all_errors)), sources)
