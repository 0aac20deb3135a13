"""Where system prompt files are kept."""

from collections.abc import Sequence
from typing import Protocol

from domain.prompt import Prompt


class PromptStore(Protocol):
    """Prompts by file name, checked by the caller with `domain.prompt.require_prompt_filename`.

    Nothing outside the store's own place is read or written, whatever the name: what leads out of it (a symbolic
    link) is a prompt that is not there, and is never listed, followed or replaced. Writes are whole or not at all.
    Every method may raise StorageFailed.
    """

    async def list_prompts(self) -> Sequence[Prompt]:
        """All prompts by file name. What cannot be read as UTF-8 text is left out."""
        ...

    async def read(self, filename: str) -> Prompt:
        """Raises PromptNotFound."""
        ...

    async def create(self, prompt: Prompt) -> None:
        """Raises PromptExists where anything of that name is there."""
        ...

    async def replace(self, prompt: Prompt) -> None:
        """Raises PromptNotFound."""
        ...

    async def delete(self, filename: str) -> None:
        """Raises PromptNotFound."""
        ...
