"""Text that is shown while it comes: what cannot change any more is printed, the rest is drawn again and again."""

from collections.abc import Callable

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment

from entrypoints.chat.markdown_text import last_part

REFRESHES_A_SECOND = 10
DRAWN_CHARACTERS = 4_000
"""Of what is drawn again and again. Highlighting more of a program would take a good part of the processor."""

GROWTH = 17 / 16
"""How much longer a text has to be before it is looked at again: each look reads all of it."""

_ROWS_LEFT_FREE = 2


class GrowingText:
    """Drawn from the first `add` to `end`. `finished_length` says how much of a text nothing to come can change."""

    def __init__(
        self,
        console: Console,
        render: Callable[[str], RenderableType],
        finished_length: Callable[[str], int],
        *,
        between: int,
    ) -> None:
        self._console = console
        self._render = render
        self._finished_length = finished_length
        self._between = between
        self._text = ""
        self._next_look = 0.0
        self._live = Live(
            console=console,
            get_renderable=self._tail,
            refresh_per_second=REFRESHES_A_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def add(self, piece: str) -> None:
        self._text += piece
        # Only the end of a line can finish anything.
        if "\n" not in piece or len(self._text) < self._next_look:
            return
        if length := self._finished_length(self._text):
            finished, self._text = self._text[:length], self._text[length:]
            self._console.print(self._render(finished))
            self._console.line(self._between)
        self._next_look = len(self._text) * GROWTH

    def end(self) -> None:
        rest, self._text = self._text, ""
        self._live.transient = True
        self._live.stop()
        if rest.strip():
            self._console.print(self._render(rest))

    def _tail(self) -> RenderableType:
        return _Tail(self._render(last_part(self._text, DRAWN_CHARACTERS)))


class _Tail:
    """The last rows of something: a terminal can draw again only what is still on it."""

    def __init__(self, whole: RenderableType) -> None:
        self._whole = whole

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = console.render_lines(self._whole, options.update(height=None), pad=False)
        for row in rows[-max(console.size.height - _ROWS_LEFT_FREE, 1) :]:
            yield from row
            yield Segment.line()
