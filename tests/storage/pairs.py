"""From which store to which a test copies."""

from collections.abc import Iterable


def pairs_of(kinds: Iterable[str]) -> list[tuple[str, str]]:
    """Each kind to the next, in a ring, and back again: as source and as target, each meets two others."""
    kinds = list(kinds)
    ring = list(zip(kinds, [*kinds[1:], kinds[0]], strict=True))
    return [*ring, *((target, source) for source, target in ring)]
