"""System prompts as `.md` files (contract, section 10)."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiofiles

from adapters.json_files.failures import storage_failures
from adapters.json_files.prompt_files import PromptFiles
from adapters.thread_worker import ThreadWorker
from application.owned_task import finish_despite_cancellation
from application.ports import prompt_store as ports
from domain.errors import PromptNotFound
from domain.prompt import Prompt

Result = TypeVar("Result")


class FilePromptStore(ports.PromptStore):
    """`open()` comes first and `aclose()` last. The folder is made with the first prompt."""

    def __init__(self, folder: Path) -> None:
        self._files = PromptFiles(folder)
        self._worker = ThreadWorker("prompts", 2)
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Clear the folder of what dead processes left. Raises StorageFailed."""
        await self._worker.run(self._files.prepare)

    async def aclose(self) -> None:
        await self._worker.aclose()

    async def list_prompts(self) -> Sequence[Prompt]:
        return await self._worker.run(self._files.list_all)

    async def read(self, filename: str) -> Prompt:
        with storage_failures("The prompt could not be read"):
            try:
                async with aiofiles.open(filename, "rb", opener=self._files.open_to_read) as file:
                    content = (await file.read()).decode()
            except (FileNotFoundError, UnicodeDecodeError, PermissionError):
                raise PromptNotFound(filename) from None
        return Prompt(filename=filename, content=content)

    async def create(self, prompt: Prompt) -> None:
        await finish_despite_cancellation(self._in_turn(partial(self._files.create, prompt)))

    async def replace(self, prompt: Prompt) -> None:
        await finish_despite_cancellation(self._in_turn(partial(self._files.replace, prompt)))

    async def delete(self, filename: str) -> None:
        await finish_despite_cancellation(self._in_turn(partial(self._files.delete, filename)))

    async def _in_turn(self, operation: Callable[[], Result]) -> Result:
        """One write after the other, in the order of the calls."""
        async with self._turn:
            return await self._worker.run(operation)
