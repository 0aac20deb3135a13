"""Markdown as a terminal shows it, and where a text that grows can be cut."""

from collections.abc import Iterable
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markdown import Markdown
from rich.segment import Segment

from entrypoints.chat.sanitising import clean

# HTML is shown as it was written: it would be left out otherwise, and nobody would know what the model said.
_PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])

_FENCES = ("```", "~~~")


def markdown_of(text: str) -> RenderableType:
    """`text` to be printed, harmless. Links are written out: a person sees where they lead."""
    markdown = Markdown("", code_theme="ansi_dark", hyperlinks=False)
    markdown.parsed = _PARSER.parse(clean(text))
    _clean_all(markdown.parsed)
    return _Trimmed(markdown)


def finished_length(text: str) -> int:
    """How much of a text that grows stands in blocks that nothing to come can change: all but the last one."""
    complete = text.rpartition("\n")[0]
    starts = [token.map[0] for token in _PARSER.parse(complete) if token.level == 0 and token.map]
    return sum(len(line) + 1 for line in complete.split("\n")[: max(starts, default=0)])


def last_part(text: str, characters: int) -> str:
    """The last lines of a block, about so many characters of them, that look as they do in the whole of it."""
    if len(text) <= characters:
        return text
    lines = text[-characters:].partition("\n")[2]
    first = text.partition("\n")[0]
    return f"{first}\n{lines}" if first.lstrip().startswith(_FENCES) else lines


def _clean_all(tokens: Iterable[Token]) -> None:
    """Once more: `&#x202e;` and the like are characters only after the parsing."""
    for token in tokens:
        token.content = clean(token.content)
        token.info = clean(token.info)
        token.attrs = {name: clean(value) if isinstance(value, str) else value for name, value in token.attrs.items()}
        _clean_all(token.children or ())


class _Trimmed:
    """Without the blanks that fill rows up, and the empty rows that some blocks begin or end with.

    Who prints block after block then parts them evenly, and who copies an answer has nothing but the answer.
    """

    def __init__(self, whole: RenderableType) -> None:
        self._whole = whole

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = [_trimmed(row) for row in console.render_lines(self._whole, options.update(height=None), pad=False)]
        filled = [number for number, row in enumerate(rows) if row]
        for row in rows[filled[0] : filled[-1] + 1] if filled else []:
            yield from row
            yield Segment.line()


def _trimmed(row: list[Segment]) -> list[Segment]:
    while row and not row[-1].text.strip():
        row = row[:-1]
    return [*row[:-1], row[-1]._replace(text=row[-1].text.rstrip())] if row else []
