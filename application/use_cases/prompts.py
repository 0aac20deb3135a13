"""System prompt files: listed, read, created, replaced and deleted."""

from collections.abc import Sequence

from application.ports.prompt_store import PromptStore
from domain.prompt import Prompt, require_prompt_content, require_prompt_filename


class ListPrompts:
    def __init__(self, *, prompts: PromptStore) -> None:
        self._prompts = prompts

    async def __call__(self) -> Sequence[Prompt]:
        """All prompts by file name. Raises StorageFailed."""
        return await self._prompts.list_prompts()


class ReadPrompt:
    def __init__(self, *, prompts: PromptStore) -> None:
        self._prompts = prompts

    async def __call__(self, filename: str) -> Prompt:
        """Raises ValidationFailed, PromptNotFound, StorageFailed."""
        require_prompt_filename(filename)
        return await self._prompts.read(filename)


class CreatePrompt:
    def __init__(self, *, prompts: PromptStore) -> None:
        self._prompts = prompts

    async def __call__(self, prompt: Prompt) -> Prompt:
        """Raises ValidationFailed, PromptExists, StorageFailed."""
        require_prompt_filename(prompt.filename)
        require_prompt_content(prompt.content)
        await self._prompts.create(prompt)
        return prompt


class ReplacePrompt:
    def __init__(self, *, prompts: PromptStore) -> None:
        self._prompts = prompts

    async def __call__(self, prompt: Prompt) -> Prompt:
        """Raises ValidationFailed, PromptNotFound, StorageFailed."""
        require_prompt_filename(prompt.filename)
        require_prompt_content(prompt.content)
        await self._prompts.replace(prompt)
        return prompt


class DeletePrompt:
    def __init__(self, *, prompts: PromptStore) -> None:
        self._prompts = prompts

    async def __call__(self, filename: str) -> None:
        """Raises ValidationFailed, PromptNotFound, StorageFailed."""
        require_prompt_filename(filename)
        await self._prompts.delete(filename)
