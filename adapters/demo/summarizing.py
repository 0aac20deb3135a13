"""A summary by rules: what the person said first and last, and the longest words as topics."""

import re
from collections.abc import Sequence

from adapters.demo.answers import CHARACTERS_LOOKED_AT, Talk, quoted
from domain.json_value import JsonObject

TOPICS = 3
SHORTEST_TOPIC = 4

_SAID = re.compile(r"^User: (.*)", re.MULTILINE)


def summary_of(talk: Talk) -> JsonObject:
    """Of a talk whose newest thing said is the wish for a summary, perhaps with the conversation itself below it."""
    said = talk.said[:-1] or _said_in(talk.latest)
    first = f"The person wrote: {quoted(said[0])}"
    last = f"Last they wrote: {quoted(said[-1])}" if len(said) > 1 else "The demo model answered by its rules."
    words = {word.lower() for text in said for word in re.findall(r"[^\W\d_]+", text[:CHARACTERS_LOOKED_AT])}
    longest = sorted(words, key=lambda word: (-len(word), word))
    return {
        "summary": f"{first} {last}",
        "topics": [word for word in longest[:TOPICS] if len(word) >= SHORTEST_TOPIC],
    }


def _said_in(text: str) -> Sequence[str]:
    """The person's lines of a transcript, which begins behind the first gap; all of it where there are none."""
    below = text.partition("\n\n")[2]
    return _SAID.findall(below) or [below]
