"""What copying and checking stores finds out, for the person who asked for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from domain.session import Session

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how much is done, and of how much, each time that something more is done."""

SessionDigest: TypeAlias = Callable[[Session], str]
"""The same text for two sessions exactly where what is kept of them is the same to the letter."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it should be: a session's id or a prompt's file name, and what is wrong with it."""

    name: str
    reason: str


@dataclass(slots=True, kw_only=True)
class SessionsCopied:
    """`continued` are sessions of which the target held an earlier state; `present` those that it held already.

    `runs` are the records of runs that were written. `digests` are those of all sessions that the target holds now as
    the source does, by id.
    """

    copied: int = 0
    continued: int = 0
    present: int = 0
    runs: int = 0
    digests: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class PromptsCopied:
    copied: int = 0
    present: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class SessionsChecked:
    """Counts are of what can be read. `open_runs` are those that have not ended."""

    sessions: int = 0
    messages: int = 0
    runs: int = 0
    open_runs: int = 0
    problems: list[Problem] = field(default_factory=list)
