"""The three that are compared, asked alike."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import aiohttp

from benchmarks.programs import STEADY_MALLOC, Program, bare_relay, mochi, ollama_client
from benchmarks.streams import Stream, post, read_all

API: Final = "/api/v1"
MODEL: Final = "tiny"

Name: TypeAlias = Literal["bare relay", "ollama client", "mochi-server", "mochi-server in memory"]


@dataclass(frozen=True, slots=True)
class Relay:
    name: Name
    program: Program

    async def requests(self, count: int) -> list[bytes]:
        """One for each of `count` streams; mochi-server's are of new sessions, which are made here."""
        if not self.name.startswith("mochi"):
            return [post(self.program.url, "/stream", {})] * count
        body = {"message": "go"}
        paths = [f"{API}/chat/{session_id}/stream" for session_id in await new_sessions(self.program.url, count)]
        return [post(self.program.url, path, body) for path in paths]

    async def read(self, requests: Sequence[bytes], spread: float = 0.0) -> list[Stream]:
        return await read_all(self.program.url, requests, spread)


@asynccontextmanager
async def relays(
    names: Sequence[Name], ollama: str, environment: Mapping[str, str] = STEADY_MALLOC
) -> AsyncIterator[list[Relay]]:
    """All started, and each warmed up by a few streams."""
    async with AsyncExitStack() as stack:
        entered = [await stack.enter_async_context(opened(name, ollama, environment)) for name in names]
        await asyncio.gather(*map(warm_up, entered))
        yield entered


async def warm_up(relay: Relay) -> None:
    await relay.read(await relay.requests(5))


async def new_sessions(url: str, count: int) -> list[str]:
    """Ids of `count` sessions without messages."""
    async with aiohttp.ClientSession(url, raise_for_status=True) as client:

        async def new_session() -> str:
            async with client.post(f"{API}/sessions", json={"model": MODEL}) as answer:
                return str((await answer.json())["session_id"])

        return await asyncio.gather(*[new_session() for _ in range(count)])


@asynccontextmanager
async def opened(name: Name, ollama: str, environment: Mapping[str, str]) -> AsyncIterator[Relay]:
    """One of them, started; its files are in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        match name:
            case "bare relay":
                opening = bare_relay(ollama, environment)
            case "ollama client":
                opening = ollama_client(ollama, environment)
            case "mochi-server":
                opening = mochi(Path(folder), ollama, environment)
            case _:
                opening = mochi(Path(folder), ollama, environment, storage="memory")
        async with opening as program:
            yield Relay(name, program)
