"""The folders of agents, read without following links out of them."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from adapters.codec.json_text import clean_text
from adapters.skill_files.front_matter import Unreadable, parse_skill
from domain.agent import Skill, UnusableSkill

SKILL_FILE: Final = "SKILL.md"
SKILL_BYTES: Final = 1 << 20
"""Of one `SKILL.md`: all of it goes to a model with each request."""

_Version: TypeAlias = tuple[int, int, int]
"""A file's inode, time of change and size."""

_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class SkillCache:
    """The skills of files that have not changed since they were read."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[_Version, Skill | UnusableSkill]] = {}

    def get(self, name: str, version: _Version) -> Skill | UnusableSkill | None:
        known = self._known.get(name)
        return known[1] if known and known[0] == version else None

    def put(self, name: str, version: _Version, skill: Skill | UnusableSkill) -> None:
        self._known[name] = version, skill


def agent_folders(root: Path, chats: Path) -> Iterator[str]:
    """The names of the folders that are agents', in alphabetical order; none where `root` is missing."""
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for entry in entries if _is_agent(entry, chats))
    except FileNotFoundError:
        return
    yield from names


def _is_agent(entry: "os.DirEntry[str]", chats: Path) -> bool:
    if entry.name.startswith(("_", ".")) or chats.is_relative_to(entry.path):
        return False
    try:
        return entry.is_dir() or entry.is_symlink()
    except OSError:
        return True


def skill_in(root: Path, name: str, cache: SkillCache) -> Skill | UnusableSkill:
    """What the folder `name` says of its agent. Raises nothing."""
    shown = clean_text(name)
    if shown != name:
        return UnusableSkill(name=shown, reason="The name of its folder is no text in UTF-8.")
    try:
        with _opened(root, name) as file:
            status = os.fstat(file.fileno())
            version = (status.st_ino, status.st_mtime_ns, status.st_size)
            if known := cache.get(name, version):
                return known
            skill = _skill_of(name, file.read(SKILL_BYTES + 1))
    except Unreadable as reason:
        return UnusableSkill(name=name, reason=f"{SKILL_FILE}: {reason}")
    except FileNotFoundError:
        return UnusableSkill(name=name, reason=f"It has no {SKILL_FILE}.")
    except (OSError, RuntimeError) as error:  # RuntimeError is what `resolve` made of a loop before Python 3.13.
        return UnusableSkill(name=name, reason=f"{SKILL_FILE} cannot be read: {_words(error)}.")
    cache.put(name, version, skill)
    return skill


def _skill_of(name: str, data: bytes) -> Skill | UnusableSkill:
    try:
        parsed = parse_skill(_text(data))
    except Unreadable as reason:
        return UnusableSkill(name=name, reason=f"{SKILL_FILE}: {reason}")
    return Skill(name=name, description=parsed.description, model=parsed.model, system_prompt=parsed.system_prompt)


@contextmanager
def _opened(root: Path, name: str) -> Iterator[BinaryIO]:
    path = (root / name / SKILL_FILE).resolve(strict=True)
    if not path.is_relative_to(root.resolve()):
        raise Unreadable("It is, or lies behind, a link that leads out of the agents folder.")
    descriptor = os.open(path, _OPEN)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable("It is no ordinary file.")
        yield file


def _text(data: bytes) -> str:
    if len(data) > SKILL_BYTES:
        raise Unreadable(f"It has more than {SKILL_BYTES} bytes.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Unreadable("It is no text in UTF-8.") from None


def _words(error: OSError | RuntimeError) -> str:
    number = error.errno if isinstance(error, OSError) else errno.ELOOP
    return os.strerror(number or errno.EIO)
