"""Text cut into the pieces in which it is streamed: the demo's tokens."""

import re
from collections.abc import Iterable

from domain.message import Message

_PIECE = re.compile(r"\s*\S{1,16}|\s+")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def pieces_of(text: str) -> list[str]:
    """Words, each with the space before it; joined they are `text`."""
    return _PIECE.findall(text)


def clean(text: str) -> str:
    """`text` with U+FFFD in the place of each lone surrogate."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def count_pieces(messages: Iterable[Message]) -> int:
    """The pieces of all texts, and one a message for its role."""
    return sum(1 + len(pieces_of(message.content)) for message in messages)
