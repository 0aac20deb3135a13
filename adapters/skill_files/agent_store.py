"""Agents as folders with a `SKILL.md` each (contract, section 7)."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from adapters.codec.json_text import clean_text
from adapters.skill_files.folder import SkillCache, agent_folders, skill_in
from application.ports import agent_store as ports
from domain.agent import Skill, UnusableSkill
from domain.agent_prompts import PhasePrompts
from domain.errors import AgentInvalid, AgentNotFound

_log = logging.getLogger(__name__)


class SkillFiles(ports.AgentStore):
    """`chats_folder` may lie among the agents, and is none. The paths of prompts are those that the settings name."""

    def __init__(self, *, folder: Path, chats_folder: Path, planning_prompt: Path, execution_prompt: Path) -> None:
        self._folder = folder
        self._chats_folder = chats_folder
        self._planning_prompt = planning_prompt
        self._execution_prompt = execution_prompt
        self._cache = SkillCache()

    async def list_skills(self) -> Sequence[Skill | UnusableSkill]:
        return await asyncio.to_thread(self._list)

    async def read_skill(self, agent_name: str) -> Skill:
        skill = await asyncio.to_thread(self._read, agent_name)
        if isinstance(skill, UnusableSkill):
            raise AgentInvalid(agent_name, skill.reason)
        return skill

    async def phase_prompts(self) -> PhasePrompts:
        return await asyncio.to_thread(self._phase_prompts)

    def _list(self) -> list[Skill | UnusableSkill]:
        try:
            names = list(agent_folders(self._folder, self._chats_folder))
        except OSError as error:
            _log.warning("the agents folder cannot be read: %s", error.strerror)
            return []
        return [skill_in(self._folder, name, self._cache) for name in names]

    def _read(self, name: str) -> Skill | UnusableSkill:
        """Only a name that is listed: so that none can lead anywhere else."""
        if name not in agent_folders(self._folder, self._chats_folder):
            raise AgentNotFound(name)
        return skill_in(self._folder, name, self._cache)

    def _phase_prompts(self) -> PhasePrompts:
        built_in = PhasePrompts()
        return PhasePrompts(
            planning=_text(self._planning_prompt) or built_in.planning,
            execution=_text(self._execution_prompt) or built_in.execution,
        )


def _text(path: Path) -> str | None:
    """None where there is no file; one that cannot be used is a line in the log."""
    try:
        return clean_text(path.read_text(encoding="utf-8-sig")).strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        _log.warning("the prompt file %s cannot be used, the built-in text is: %s", path.name, type(error).__name__)
        return None
