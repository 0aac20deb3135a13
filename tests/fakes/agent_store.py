"""Agents in memory, for use cases."""

from collections.abc import Sequence

from application.ports import agent_store as ports
from domain.agent import Skill, UnusableSkill
from domain.agent_prompts import PhasePrompts
from domain.errors import AgentInvalid, AgentNotFound


class FakeAgentStore(ports.AgentStore):
    """`prompts` are what agents are told in each phase."""

    def __init__(self, *skills: Skill | UnusableSkill, prompts: PhasePrompts | None = None) -> None:
        self.skills = {skill.name: skill for skill in skills}
        self.prompts = prompts or PhasePrompts(planning="Plan now.", execution="Act now.")

    async def list_skills(self) -> Sequence[Skill | UnusableSkill]:
        return [self.skills[name] for name in sorted(self.skills)]

    async def read_skill(self, agent_name: str) -> Skill:
        skill = self.skills.get(agent_name)
        if skill is None:
            raise AgentNotFound(agent_name)
        if isinstance(skill, UnusableSkill):
            raise AgentInvalid(agent_name, skill.reason)
        return skill

    async def phase_prompts(self) -> PhasePrompts:
        return self.prompts


def skill(name: str, *, model: str | None = None, system_prompt: str = "You cook.") -> Skill:
    return Skill(name=name, description=f"It is the {name}.", model=model, system_prompt=system_prompt)
