"""Prompt files, copied from one folder to another."""

from pathlib import Path

from application.use_cases.copy_prompts import CopyPrompts
from domain.prompt import Prompt
from tests.contracts.stores import file_prompts, memory_prompts


async def test_prompts_come_over_once_and_others_of_their_names_stay(tmp_path: Path) -> None:
    async with file_prompts(tmp_path / "here") as here, file_prompts(tmp_path / "there") as there:
        for name in ("a.md", "b.md", "c.md"):
            await here.create(Prompt(filename=name, content=f"I am {name}.\r\n"))
        await there.create(Prompt(filename="b.md", content="Another."))
        (tmp_path / "there" / "c.md").symlink_to(tmp_path / "here" / "c.md")
        copy = CopyPrompts(source=here, target=there)
        first, second = await copy(), await copy()
        assert (first.copied, first.present) == (1, 0)
        assert (second.copied, second.present) == (0, 1)
        assert [each.name for each in first.problems] == [each.name for each in second.problems] == ["b.md", "c.md"]
        assert (tmp_path / "there" / "a.md").read_bytes() == b"I am a.md.\r\n"
        assert (tmp_path / "there" / "b.md").read_bytes() == b"Another."


async def test_prompts_that_both_stores_share_are_there_already(tmp_path: Path) -> None:
    async with memory_prompts(tmp_path) as prompts:
        await prompts.create(Prompt(filename="a.md", content="x"))
        copied = await CopyPrompts(source=prompts, target=prompts)()
        assert (copied.copied, copied.present, copied.problems) == (0, 1, [])
