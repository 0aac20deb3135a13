"""How many of the oldest messages a prompt has to go without (contract, section 8)."""

from dataclasses import dataclass
from typing import Self

from domain.prompt_size import PromptSize


@dataclass(frozen=True, slots=True)
class AnswerRoom:
    """Tokens of a window that are left to the answer: `least` of them always, `wanted` once turns are left out.

    The two differ so that not every turn moves the beginning of the prompt, which the model's server would have to
    read anew from there.
    """

    least: int
    wanted: int

    @classmethod
    def within(cls, window: int, answer_tokens: int | None) -> Self:
        """Room for the longest answer that was asked for, up to a quarter of the window; else a modest part of it."""
        if answer_tokens is not None:
            room = min(answer_tokens, window // 4)
            return cls(room, room)
        return cls(min(window // 8, 1024), min(window * 3 // 16, 2048))


def left_out_for(size: PromptSize, window: int, room: AnswerRoom, *, standing: int) -> int:
    """The number of messages that the prompt goes without: whole turns, and never the newest.

    As many stay left out as are (`standing`), while that leaves room for the answer and wastes less than half.
    """
    if size.tokens(0) + room.wanted <= window:
        return 0
    if standing in size.cuts and window // 2 <= size.tokens(standing) <= window - room.least:
        return standing
    return next((cut for cut in size.cuts if size.tokens(cut) + room.wanted <= window), size.cuts[-1])
