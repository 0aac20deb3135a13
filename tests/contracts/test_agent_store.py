"""What every store of agents must do."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from adapters.skill_files.agent_store import SkillFiles
from application.ports.agent_store import AgentStore
from domain.agent import Skill, UnusableSkill
from domain.agent_prompts import PhasePrompts
from domain.errors import AgentInvalid, AgentNotFound
from tests.fakes.agent_store import FakeAgentStore

COOK = Skill(name="cook", description="It cooks: anything.", system_prompt="You cook.\n\n---\nWell.", model="chef:7b")
JUDGE = Skill(name="judge", description="判定 🍡", system_prompt="")
MUTE = "mute"
"""The name of an agent that says nothing of itself."""

Open = Callable[[Path, Mapping[str, Skill]], AgentStore]


def fake(_folder: Path, skills: Mapping[str, Skill]) -> AgentStore:
    broken = UnusableSkill(name=MUTE, reason="It has no description.")
    return FakeAgentStore(broken, *skills.values(), prompts=PhasePrompts())


def skill_files(folder: Path, skills: Mapping[str, Skill]) -> AgentStore:
    agents = folder / "agents"
    for skill in skills.values():
        model = f"model: {skill.model}\n" if skill.model else ""
        (agents / skill.name).mkdir(parents=True)
        (agents / skill.name / "SKILL.md").write_text(
            f"---\ndescription: '{skill.description}'\n{model}---\n{skill.system_prompt}\n", encoding="utf-8"
        )
    (agents / MUTE).mkdir()
    (agents / MUTE / "SKILL.md").write_text("---\nname: mute\n---\nSay nothing.")
    return SkillFiles(
        folder=agents,
        chats_folder=agents / "agent_chats",
        planning_prompt=folder / "planning.md",
        execution_prompt=folder / "execution.md",
    )


@pytest.fixture(params=[fake, skill_files], ids=["fake", "skill_files"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> AgentStore:
    open_store: Open = request.param
    return open_store(tmp_path, {skill.name: skill for skill in (JUDGE, COOK)})


async def test_all_agents_are_listed_by_name_and_a_broken_one_with_the_reason(store: AgentStore) -> None:
    cook, judge, mute = await store.list_skills()

    assert (cook, judge) == (COOK, JUDGE)
    assert isinstance(mute, UnusableSkill)
    assert mute.name == MUTE
    assert "description" in mute.reason


async def test_one_agent_is_read_as_it_is_listed(store: AgentStore) -> None:
    assert await store.read_skill("cook") == COOK
    assert await store.read_skill("judge") == JUDGE
    with pytest.raises(AgentInvalid, match="description"):
        await store.read_skill(MUTE)


@pytest.mark.parametrize("name", ["nobody", "", ".", "..", "../agents/cook", "cook/", "/etc", "c\0", "COOK", "\ud800"])
async def test_an_agent_that_is_not_listed_is_not_there(store: AgentStore, name: str) -> None:
    with pytest.raises(AgentNotFound):
        await store.read_skill(name)


async def test_without_other_texts_the_phases_have_the_built_in_ones(store: AgentStore) -> None:
    assert await store.phase_prompts() == PhasePrompts()
