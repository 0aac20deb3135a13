"""The folders of agents, read without following links out of them."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters.codec.json_text import clean_text
from adapters.skill_files.front_matter import Unreadable, parse_skill
from domain.agent import Skill, UnusableSkill

SKILL_FILE: Final = "SKILL.md"
SKILL_BYTES: Final = 1 << 20
"""Of one `SKILL.md`: all of it goes to a model with each request."""

_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def agent_folders(root: Path, chats: Path) -> Iterator[str]:
    """The names of the folders that are agents', in alphabetical order; none where `root` is missing."""
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for entry in entries if _is_agent(entry, chats))
    except FileNotFoundError:
        return
    yield from names


def _is_agent(entry: "os.DirEntry[str]", chats: Path) -> bool:
    if entry.name.startswith(("_", ".")) or Path(entry.path) == chats:
        return False
    try:
        return entry.is_dir() or entry.is_symlink()
    except OSError:
        return True


def skill_in(root: Path, name: str) -> Skill | UnusableSkill:
    """What the folder `name` says of its agent. Raises nothing."""
    shown = clean_text(name)
    if shown != name:
        return UnusableSkill(name=shown, reason="The name of its folder is no text in UTF-8.")
    try:
        parsed = parse_skill(_text(root, name))
    except Unreadable as reason:
        return UnusableSkill(name=name, reason=f"{SKILL_FILE}: {reason}")
    except FileNotFoundError:
        return UnusableSkill(name=name, reason=f"It has no {SKILL_FILE}.")
    except (OSError, RuntimeError) as error:  # RuntimeError is what `resolve` made of a loop before Python 3.13.
        return UnusableSkill(name=name, reason=f"{SKILL_FILE} cannot be read: {_words(error)}.")
    return Skill(name=name, description=parsed.description, model=parsed.model, system_prompt=parsed.system_prompt)


def _text(root: Path, name: str) -> str:
    path = (root / name / SKILL_FILE).resolve(strict=True)
    if not path.is_relative_to(root.resolve()):
        raise Unreadable("It is, or lies behind, a link that leads out of the agents folder.")
    descriptor = os.open(path, _OPEN)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable("It is no ordinary file.")
        data = file.read(SKILL_BYTES + 1)
    if len(data) > SKILL_BYTES:
        raise Unreadable(f"It has more than {SKILL_BYTES} bytes.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Unreadable("It is no text in UTF-8.") from None


def _words(error: OSError | RuntimeError) -> str:
    number = error.errno if isinstance(error, OSError) else errno.ELOOP
    return os.strerror(number or errno.EIO)
