"""Where agents are described, and what all of them are told."""

from collections.abc import Sequence
from typing import Protocol

from domain.agent import Skill, UnusableSkill
from domain.agent_prompts import PhasePrompts


class AgentStore(Protocol):
    """Agents by name. Their tools are a toolbox's, in which those of `cook` are called `cook.` and their own name.

    Everything is read anew with each call: an edited text counts from the next delegation. Nothing outside the store's
    own place is read, whatever the name: what a symbolic link leads to elsewhere is not there.
    """

    async def list_skills(self) -> Sequence[Skill | UnusableSkill]:
        """All agents by name, those whose description cannot be used with the reason. Raises nothing."""
        ...

    async def read_skill(self, agent_name: str) -> Skill:
        """Raises AgentNotFound, AgentInvalid."""
        ...

    async def phase_prompts(self) -> PhasePrompts:
        """What agents are told in each phase; the built-in text where there is no other. Raises nothing."""
        ...
