"""Folders of agents as people leave them: renamed, half written, linked, damaged."""

import logging
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.skill_files.agent_store import SkillFiles
from adapters.skill_files.folder import SKILL_BYTES
from domain.agent import Skill, UnusableSkill
from domain.agent_prompts import PhasePrompts
from domain.errors import AgentInvalid

GOOD = "---\ndescription: It cooks.\n---\nYou cook."


def store_in(root: Path) -> SkillFiles:
    return SkillFiles(
        folder=root / "agents",
        chats_folder=root / "agents" / "agent_chats",
        planning_prompt=root / "planning.md",
        execution_prompt=root / "execution.md",
    )


def put(root: Path, name: str, data: str | bytes = GOOD) -> Path:
    folder = root / "agents" / name
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


async def reason_of(root: Path, data: str | bytes) -> str:
    put(root, "cook", data)
    [skill] = await store_in(root).list_skills()
    assert isinstance(skill, UnusableSkill), skill
    return skill.reason


async def test_a_folder_that_is_missing_has_no_agents(tmp_path: Path) -> None:
    assert await store_in(tmp_path).list_skills() == []


async def test_hidden_folders_files_and_the_chats_are_no_agents(tmp_path: Path) -> None:
    for name in ("_draft", ".git", "agent_chats"):
        put(tmp_path, name)
    put(tmp_path, "cook")
    (tmp_path / "agents" / "notes.md").write_text(GOOD)

    assert [skill.name for skill in await store_in(tmp_path).list_skills()] == ["cook"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "begin with"),
        ("You cook.", "begin with"),
        ("---\ndescription: x\nYou cook.", "no end"),
        ("---\n---\nYou cook.", "description"),
        ("---\ndescription:\n---\n", "description"),
        ("---\ndescription: null\n---\n", "description"),
        ("---\ndescription: '  '\n---\n", "description"),
        ("---\ndescription: [a, b]\n---\n", "description"),
        ("---\n- description\n---\n", "fields"),
        ("---\njust text\n---\n", "fields"),
        ("---\ndescription: 'open\n---\n", "YAML"),
        ("---\n\tdescription: x\n---\n", "line 2"),
        ("---\ndescription: \x07\n---\n", "YAML"),
        ("---\n" + "[" * 20_000 + "\n---\n", "too long"),
        ("---\n*a\n---\n", "YAML"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"---\ndescription: x\n---\n" + b"x" * SKILL_BYTES, "bytes"),
    ],
)
async def test_what_is_wrong_with_a_skill_is_said_in_words(tmp_path: Path, text: str | bytes, word: str) -> None:
    assert word in await reason_of(tmp_path, text)


@pytest.mark.parametrize(
    ("front", "description", "model"),
    [
        ("description: 5", "5", None),
        ("description: >\n  two\n  lines", "two lines", None),
        ("description: x\nmodel: ~", "x", None),
        ("description: x\nmodel: ''", "x", None),
        ("description: x\nmodel: qwen3:8b", "x", "qwen3:8b"),
        ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\ndescription: x", "x", None),
        ("<<: {description: y}\ndescription: x\nother: {deep: [1]}", "x", None),
        ("description: !!python/object/apply:os.system ['true']\nname: x", None, None),
        ("description: !!python/name:os.system x", "x", None),
    ],
)
async def test_of_the_front_matter_only_plain_text_counts(
    tmp_path: Path, front: str, description: str | None, model: str | None
) -> None:
    put(tmp_path, "cook", f"\ufeff---\r\n{front}\r\n---\r\nBody \u2028 kept.\r\n")

    [skill] = await store_in(tmp_path).list_skills()

    if description is None:
        assert isinstance(skill, UnusableSkill)
    else:
        assert skill == Skill(name="cook", description=description, model=model, system_prompt="Body \u2028 kept.")


async def test_a_folder_without_a_skill_says_so(tmp_path: Path) -> None:
    (tmp_path / "agents" / "cook").mkdir(parents=True)

    [skill] = await store_in(tmp_path).list_skills()

    assert skill == UnusableSkill(name="cook", reason="It has no SKILL.md.")


async def test_nothing_outside_is_read_through_a_link(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "SKILL.md").write_text(GOOD)
    agents = tmp_path / "agents"
    put(tmp_path, "inside")
    (agents / "file").mkdir()
    (agents / "file" / "SKILL.md").symlink_to(secret / "SKILL.md")
    (agents / "folder").symlink_to(secret)
    (agents / "loop").symlink_to(agents / "loop")
    (agents / "same").symlink_to(agents / "inside")
    (agents / "pipe").mkdir()
    os.mkfifo(agents / "pipe" / "SKILL.md")

    skills = {skill.name: skill for skill in await store_in(tmp_path).list_skills()}

    assert {name for name, skill in skills.items() if isinstance(skill, Skill)} == {"inside", "same"}
    assert all("link" in skills[name].reason for name in ("file", "folder"))  # type: ignore[union-attr] # seen above
    with pytest.raises(AgentInvalid, match="link"):
        await store_in(tmp_path).read_skill("folder")


async def test_a_name_that_is_no_text_is_listed_as_broken(tmp_path: Path) -> None:
    os.makedirs(os.fsencode(tmp_path / "agents") + b"/co\xffok")  # noqa: PTH103 - a path of bytes

    [skill] = await store_in(tmp_path).list_skills()

    assert skill == UnusableSkill(name="co\ufffdok", reason="The name of its folder is no text in UTF-8.")


async def test_an_edited_skill_counts_at_once(tmp_path: Path) -> None:
    folder = put(tmp_path, "cook")
    store = store_in(tmp_path)
    await store.read_skill("cook")

    (folder / "SKILL.md").write_text(GOOD.replace("You cook.", "You bake."))

    assert (await store.read_skill("cook")).system_prompt == "You bake."


async def test_the_texts_of_the_phases_are_those_of_their_files(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_in(tmp_path)
    (tmp_path / "planning.md").write_text("\ufeffPlan it.\n")
    (tmp_path / "execution.md").write_bytes(b"\xff")
    with caplog.at_level(logging.WARNING):
        prompts = await store.phase_prompts()

    assert prompts == PhasePrompts(planning="Plan it.")
    assert "execution.md" in caplog.text


DAMAGE = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.text(alphabet="---\ndescription: &*!{}[]<>|'\"#\t\r\0", max_size=200).map(str.encode),
    st.tuples(st.sampled_from(GOOD.splitlines()), st.text(max_size=40)).map(
        lambda parts: GOOD.replace(*parts).encode("utf-8", "surrogatepass")
    ),
    st.integers(0, len(GOOD)).map(lambda cut: GOOD[:cut].encode()),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=DAMAGE)
async def test_whatever_a_skill_file_holds_it_is_an_agent_or_a_reason(tmp_path: Path, data: bytes) -> None:
    folder = tmp_path / "agents" / "cook"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SKILL.md").write_bytes(data)

    [skill] = await store_in(tmp_path).list_skills()

    assert skill.name == "cook"
    if isinstance(skill, Skill):
        assert skill.description.strip()
    else:
        assert skill.reason
        assert str(tmp_path) not in skill.reason


async def test_a_skill_that_costs_much_to_read_is_refused_or_read_once(tmp_path: Path) -> None:
    put(tmp_path, "nested", f"---\ndescription: {'[' * 10_000}\n---\n")
    put(tmp_path, "long", "---\ndescription: x\n" + "k: v\n" * 10_000 + "---\n")
    put(tmp_path, "brackets", f"---\ndescription: '{'[]' * 90}'\n---\n")
    store = store_in(tmp_path)

    brackets, long, nested = await store.list_skills()

    assert isinstance(brackets, Skill)
    assert "too long" in long.reason  # type: ignore[union-attr] # it is none that can be used
    assert "too long" in nested.reason  # type: ignore[union-attr] # it is none that can be used
    assert (await store.list_skills())[0] is brackets
    (tmp_path / "agents" / "brackets" / "SKILL.md").write_text(GOOD)
    assert (await store.list_skills())[0] == Skill(
        name="brackets", description="It cooks.", model=None, system_prompt="You cook."
    )


async def test_no_folder_that_the_chats_lie_in_is_an_agent(tmp_path: Path) -> None:
    put(tmp_path, "x")
    store = SkillFiles(
        folder=tmp_path / "agents",
        chats_folder=tmp_path / "agents" / "x" / "y",
        planning_prompt=tmp_path / "p",
        execution_prompt=tmp_path / "e",
    )

    assert await store.list_skills() == []
