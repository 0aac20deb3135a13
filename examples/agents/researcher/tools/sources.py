"""The texts in the folder `sources` beside this package. Put your own there: each `.md` file is one."""

import re
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "sources"
_MOST_LINES_FOUND = 30
_SHORTEST_WORD = 3


def search_sources(words: str) -> str:
    """Find the lines of all sources that hold certain words, those with most of them first.

    Args:
        words: A few words that the answer is likely to stand beside, such as "Mars year".
    """
    wanted = {word for word in _words(words) if len(word) >= _SHORTEST_WORD or word.isdigit()}
    if not wanted:
        raise ValueError(f"Give a word of at least {_SHORTEST_WORD} letters. The sources are: {', '.join(_texts())}.")
    found = [
        (-len(wanted & _words(line)), name, number, line.strip())
        for name, text in _texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if wanted & _words(line)
    ]
    lines = [f"{name}, line {number}: {line}" for _, name, number, line in sorted(found)[:_MOST_LINES_FOUND]]
    return "\n".join(lines) or f"No source holds these words. The sources are: {', '.join(_texts())}."


def read_source(name: str) -> str:
    """Read a source as a whole.

    Args:
        name: Its name as `search_sources` tells it, such as "planets".
    """
    texts = _texts()
    if name not in texts:
        raise ValueError(f"There is no source {name!r}. The sources are: {', '.join(texts)}.")
    return texts[name]


def _words(text: str) -> set[str]:
    """Of one thing or of several: `planets` is `planet`."""
    return {word.removesuffix("s") for word in re.findall(r"\w+", text.casefold())}


def _texts() -> dict[str, str]:
    """By name. Whatever a model asks for is looked up here: no path is ever made of it."""
    return {path.stem: path.read_text(encoding="utf-8", errors="replace") for path in sorted(_FOLDER.glob("*.md"))}
