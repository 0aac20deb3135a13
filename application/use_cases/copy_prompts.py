"""All prompt files of one store into another."""

from application.ports.prompt_store import PromptStore
from application.use_cases.storage_reports import Problem, PromptsCopied
from domain.errors import PromptExists, PromptNotFound
from domain.prompt import Prompt


class CopyPrompts:
    """Where both stores have the same prompts, as two that share a data folder do, all of them are present."""

    def __init__(self, *, source: PromptStore, target: PromptStore) -> None:
        self._source = source
        self._target = target

    async def __call__(self) -> PromptsCopied:
        """What was done; each prompt that was written was read back. Raises StorageFailed."""
        report = PromptsCopied()
        for prompt in await self._source.list_prompts():
            try:
                await self._target.create(prompt)
            except PromptExists:
                is_new = False
            else:
                is_new = True
            await self._look(prompt, report, is_new=is_new)
        return report

    async def _look(self, prompt: Prompt, report: PromptsCopied, *, is_new: bool) -> None:
        if not await self._holds(prompt):
            reason = "the target has a prompt of this name with other content, which was not changed"
            report.problems.append(Problem(prompt.filename, reason))
        elif is_new:
            report.copied += 1
        else:
            report.present += 1

    async def _holds(self, prompt: Prompt) -> bool:
        try:
            return await self._target.read(prompt.filename) == prompt
        except PromptNotFound:
            return False  # The name is taken by something that is no prompt.
