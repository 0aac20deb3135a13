"""Spellings of a way out of a folder, as attackers have tried them on all servers."""

from itertools import product
from urllib.parse import unquote

DOTS = (
    *("..", "%2e%2e", ".%2e", "%2E.", "%252e%252e", "..%00", "%c0%ae%c0%ae", "%u002e%u002e", "...", "....", "..;"),
    *(".%20.", "%EF%BC%8E%EF%BC%8E", "..%0a", "%09..", "..%5c.."),
)
SLASHES = (
    *("%2f", "%2F", "%5c", "%5C", "%252f", "%255c", "%c0%af", "%e0%80%af", "%ef%bc%8f", "%e2%88%95", "%u2215"),
    *("%00%2f", "%2f.%2f", "%2f%2f", ";%2f", "%0d%0a%2f", "%5c%2f"),
)
GOALS = (
    "secret.md",
    "secret.json",
    "secret",
    "etc%2fpasswd",
    "secret.md%00.md",
    "secret%00",
    "proc%2fself%2fenviron.md",
)


def _spelled() -> list[str]:
    spellings = []
    for number, (dots, slash) in enumerate(product(DOTS, SLASHES)):
        for depth in (1, 3):
            goal = GOALS[(number + depth) % len(GOALS)]
            spellings.append((dots + slash) * depth + goal)
    absolute = [f"{slash}{goal}" for slash, goal in product(SLASHES[:4], GOALS)]
    return [*spellings, *absolute, "..", "%2e%2e", ".", "~%2fsecret.md", "file:%2f%2f%2fetc%2fpasswd", "C:%5csecret.md"]


WAYS_OUT = _spelled()
"""Percent-encoded, for paths."""

NAMES_OUT = [unquote(unquote(way), errors="replace") for way in WAYS_OUT]
"""As they would be in a JSON body."""
