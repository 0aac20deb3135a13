"""How much is measured."""

from dataclasses import dataclass
from typing import Final

from benchmarks.relays import Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """`pairs` is how often what swings most is measured, `rounds` all else; `tokens` those of a paced stream."""

    pairs: int
    rounds: int
    tokens: int
    compared: tuple[Name, ...]


FULL: Final = Effort(pairs=5, rounds=3, tokens=500, compared=("bare relay", "ollama client", "mochi-server"))
QUICK: Final = Effort(pairs=3, rounds=1, tokens=200, compared=("bare relay", "mochi-server"))
