"""A conversation on a terminal: Markdown as it comes, thinking dimmed, questions asked."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, TextIO, TypeAlias

from rich.console import Console
from rich.text import Text

from domain.json_value import JsonObject
from domain.run_event import AgentToolResult, ToolResult
from entrypoints.chat import screen
from entrypoints.chat.beside import Beside
from entrypoints.chat.growing_text import GrowingText
from entrypoints.chat.held_log import HeldLog
from entrypoints.chat.keyboard import Keyboard
from entrypoints.chat.markdown_text import finished_length, markdown_of
from entrypoints.chat.prompt import SIGN, Prompt
from entrypoints.chat.sanitising import clean
from entrypoints.chat.wording import asking, result_heading, result_text, short_call, whole_call

_DIM = "dim"
_Kind: TypeAlias = Literal["thinking", "answer", "agent"]


class TerminalScreen(screen.Screen):
    """`held_lines` gives what the log has to say; it is told before the next prompt, never in the middle of a text."""

    def __init__(
        self, console: Console, prompt: Prompt, keyboard: Keyboard, held_lines: Callable[[], Iterable[str]]
    ) -> None:
        self._console = console
        self._prompt = prompt
        self._keyboard = keyboard
        self._held_lines = held_lines
        self._growing: tuple[_Kind, GrowingText] | None = None

    @property
    def can_ask(self) -> bool:
        return True

    async def read_message(self) -> str:
        self._tell_held()
        self._console.line()
        try:
            return await self._prompt.message()
        finally:
            self._keyboard.listen()

    async def ask(self, question: str, default: str = "") -> str:
        self._tell_held()
        self._print(question, "bold")
        self._keyboard.forget()
        try:
            return await self._prompt.answer(default)
        finally:
            self._keyboard.listen()

    def interrupting(self, interrupt: Callable[[], object]) -> AbstractContextManager[None]:
        return self._keyboard.interrupting(interrupt)

    def remember(self, messages: Iterable[str]) -> None:
        self._prompt.remember(messages)

    def add_thinking(self, piece: str) -> None:
        self._add("thinking", piece)

    def add_answer(self, piece: str) -> None:
        self._add("answer", piece)

    def add_agent_text(self, piece: str) -> None:
        self._add("agent", piece)

    def end_text(self) -> None:
        growing, self._growing = self._growing, None
        if growing is not None:
            growing[1].end()

    def show_message(self, text: str) -> None:
        self._print("\n".join(f"{SIGN}{line}" for line in text.splitlines()), "bold")

    def show_call(
        self, tool_name: str, arguments: JsonObject, *, whole: bool = False, agent_name: str | None = None
    ) -> None:
        indent = _indent(is_agents=agent_name is not None)
        if whole:
            self._print(asking(tool_name, agent_name), "yellow")
            self._print_beside(whole_call(arguments), "yellow")
        else:
            self._print(f"{indent}* {short_call(tool_name, arguments)}", "cyan")

    def show_result(self, result: ToolResult | AgentToolResult) -> None:
        indent = _indent(is_agents=isinstance(result, AgentToolResult))
        self._print(f"{indent}* {result_heading(result)}", "cyan" if result.success else "red")
        self._print_beside(result_text(result), _DIM, indent)

    def show_step(self, text: str) -> None:
        self._print(f"* {text}", "cyan")

    def show(self, text: str) -> None:
        self._print(text)

    def note(self, text: str) -> None:
        self._print(text, _DIM)

    def tell_error(self, text: str) -> None:
        self._print(text, "red")

    def _tell_held(self) -> None:
        self.end_text()
        for line in self._held_lines():
            self._print(line, _DIM)

    def _print(self, text: str, style: str = "") -> None:
        self.end_text()
        self._console.print(Text(clean(text), style=style))

    def _print_beside(self, text: str, style: str, indent: str = "") -> None:
        """Beside a line that runs down."""
        self._console.print(Beside(text, mark=f"{indent}  | ", style=style))

    def _add(self, kind: "_Kind", piece: str) -> None:
        if self._growing is None or self._growing[0] != kind:
            self.end_text()
            self._growing = (kind, _growing_text(self._console, kind))
        self._growing[1].add(piece)


@contextmanager
def on_terminal(descriptor: int, errors: TextIO, *, log_level: int) -> Iterator[TerminalScreen]:
    """The screen of a terminal that is typed on at `descriptor`. The log is held back; its rest goes to `errors`."""
    held = HeldLog()
    logging.basicConfig(level=log_level, handlers=[held], force=True)
    console = Console(markup=False, emoji=False, highlight=False)
    keyboard = Keyboard(descriptor)
    try:
        with keyboard.quiet():
            yield TerminalScreen(console, Prompt(), keyboard, held.take)
    finally:
        errors.writelines(f"{clean(line)}\n" for line in held.take())


def _growing_text(console: Console, kind: _Kind) -> GrowingText:
    match kind:
        case "answer":
            return GrowingText(console, markdown_of, finished_length, between=1)
        case "thinking":
            return GrowingText(console, _dim, _finished_lines, between=0)
        case "agent":
            return GrowingText(console, _set_apart, _finished_lines, between=0)


def _dim(text: str) -> Text:
    return Text(clean(text.rstrip("\n")), style="dim italic")


def _set_apart(text: str) -> Beside:
    return Beside(text.rstrip("\n"), mark="    ", style=_DIM)


def _indent(*, is_agents: bool) -> str:
    return "  " if is_agents else ""


def _finished_lines(text: str) -> int:
    return text.rfind("\n") + 1
