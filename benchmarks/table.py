"""What was measured, as a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.relays import Name

COLUMNS: Final[tuple[Name, ...]] = ("bare relay", "ollama client", "mochi-server")
HEADINGS: Final = ("figure", "unit", *COLUMNS, "ratio to the bare relay", "target")


@dataclass(frozen=True, slots=True)
class Target:
    """`got` is held against `limit`; `words` say what both are."""

    words: str
    limit: float
    got: float

    @property
    def is_met(self) -> bool:
        return self.got <= self.limit

    def __str__(self) -> str:
        if self.is_met:
            return f"met: {_number(self.got)} ({self.words} {_number(self.limit)})"
        over = f", {self.got / self.limit:.2f} times that" if self.limit else ""
        return f"**missed**: {_number(self.got)} ({self.words} {_number(self.limit)}{over})"


@dataclass(frozen=True, slots=True)
class Row:
    """Medians by the names of COLUMNS, and mochi-server's ratio to the bare relay where it has one."""

    figure: str
    unit: str
    medians: Mapping[Name, float]
    ratio: float | None = None
    targets: Sequence[Target] = ()

    def cells(self) -> list[str]:
        medians = [_number(self.medians[name]) if name in self.medians else "" for name in COLUMNS]
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return [self.figure, self.unit, *medians, ratio, "; ".join(map(str, self.targets))]


def markdown(rows: Iterable[Row]) -> str:
    """A table that reads well as plain text too."""
    lines = [list(HEADINGS), *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in lines
    )


def _number(value: float) -> str:
    """Three digits that say something."""
    return f"{value:.0f}" if abs(value) >= 100 or value == 0 else f"{value:.3g}"
