"""Prompts in memory, gone with the process."""

from collections.abc import Sequence

from application.ports import prompt_store as ports
from domain.errors import PromptExists, PromptNotFound
from domain.prompt import Prompt


class MemoryPromptStore(ports.PromptStore):
    def __init__(self) -> None:
        self._prompts: dict[str, Prompt] = {}

    async def list_prompts(self) -> Sequence[Prompt]:
        return [self._prompts[filename] for filename in sorted(self._prompts)]

    async def read(self, filename: str) -> Prompt:
        try:
            return self._prompts[filename]
        except KeyError:
            raise PromptNotFound(filename) from None

    async def create(self, prompt: Prompt) -> None:
        if prompt.filename in self._prompts:
            raise PromptExists(prompt.filename)
        self._prompts[prompt.filename] = prompt

    async def replace(self, prompt: Prompt) -> None:
        await self.read(prompt.filename)
        self._prompts[prompt.filename] = prompt

    async def delete(self, filename: str) -> None:
        await self.read(filename)
        del self._prompts[filename]
