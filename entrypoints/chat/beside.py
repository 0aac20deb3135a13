"""Text that stands beside something: nothing in it can pass for words of the program's own."""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from entrypoints.chat.sanitising import clean

NARROWEST = 10


class Beside:
    """Harmless, and with `mark` before each row of it."""

    def __init__(self, text: str, *, mark: str, style: str) -> None:
        self._text = text
        self._mark = mark
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(options.max_width - len(self._mark), NARROWEST)
        for line in clean(self._text).split("\n"):
            rows = Text(line, style=self._style).wrap(console, width, tab_size=4, overflow="fold")
            for row in rows or [Text()]:
                yield Text(self._mark, style="dim") + row
