"""`SKILL.md`: fields in YAML between two lines of dashes, then text (contract, section 7)."""

from dataclasses import dataclass
from typing import Final

import yaml

from adapters.codec.json_text import clean_text

FRONT_CHARACTERS: Final = 16_384
"""A description goes to a model with each request, and YAML takes milliseconds a kilobyte."""
_BRACKETS: Final = 200
"""Of all that open: what is nested costs the square of its depth."""

_DASHES: Final = "---"
_ENDS: Final = (_DASHES, "...")
_NULL: Final = "tag:yaml.org,2002:null"


class Unreadable(Exception):
    """Why a text is no skill, in words for its author."""


@dataclass(frozen=True, slots=True)
class SkillText:
    description: str
    model: str | None
    system_prompt: str


def parse_skill(text: str) -> SkillText:
    """Raises Unreadable, and nothing else whatever `text` is."""
    front, body = _parted(text)
    fields = _fields(front)
    description = fields.get("description", "").strip()
    if not description:
        raise Unreadable("Its front matter needs a `description` that says what the agent is good for.")
    return SkillText(description=description, model=fields.get("model", "").strip() or None, system_prompt=body)


def _parted(text: str) -> tuple[str, str]:
    lines = clean_text(text).removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != _DASHES:
        raise Unreadable("It must begin with a line `---`, then `description: ...`, then a line `---`.")
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() in _ENDS:
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :]).strip()
    raise Unreadable("Its front matter has no end: a line `---` is missing.")


def _fields(front: str) -> dict[str, str]:
    """The fields that are plain text. Nodes are read and no values made of them: a tag, a merge or an alias in a text
    that anybody wrote can then make nothing happen, however it is nested."""
    if len(front) > FRONT_CHARACTERS or front.count("[") + front.count("{") > _BRACKETS:
        raise Unreadable("Its front matter is too long or too deeply nested to be read.")
    try:
        node = yaml.compose(front, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise Unreadable(f"Its front matter is no YAML: {_words(error)}") from None
    except (RecursionError, ValueError):
        raise Unreadable("Its front matter is no YAML that can be read.") from None
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise Unreadable("Its front matter must be fields such as `description: ...`.")
    return {
        key.value: value.value
        for key, value in node.value
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode) and value.tag != _NULL
    }


def _words(error: yaml.YAMLError) -> str:
    """The reason and the line, without the names that the library has for what it reads."""
    problem = getattr(error, "problem", None) or "it cannot be read"
    mark = getattr(error, "problem_mark", None)
    # The line of the dashes comes before the first that the library sees.
    return f"{problem} (line {mark.line + 2})" if mark else str(problem)
