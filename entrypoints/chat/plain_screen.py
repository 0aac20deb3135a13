"""A conversation through pipes: answers to the standard output, all else to the standard error output."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

from domain.json_value import JsonObject
from domain.run_event import AgentToolResult, ToolResult
from entrypoints.chat import screen
from entrypoints.chat.sanitising import clean
from entrypoints.chat.screen import EndOfInput
from entrypoints.chat.typed_lines import TypedLines
from entrypoints.chat.wording import result_heading, result_text, short_call

CONTINUES = "\\"

_INDENT = "    "
"""Of what agents say: it is nobody's answer."""


class PlainScreen(screen.Screen):
    """Lines of text; no colour, no cursor that moves, and nobody to ask."""

    def __init__(self, lines: TypedLines, output: TextIO, errors: TextIO) -> None:
        self._lines = lines
        self._output = output
        self._errors = errors
        self._open: tuple[TextIO, str] | None = None

    @property
    def can_ask(self) -> bool:
        return False

    async def read_message(self) -> str:
        read: list[str] = []
        while (line := await self._lines.next()) is not None:
            read.append(line.removesuffix(CONTINUES))
            if not line.endswith(CONTINUES):
                break
        if not read:
            raise EndOfInput
        return "\n".join(read)

    async def ask(self, question: str, default: str = "") -> str:  # noqa: ARG002 - nobody is there to read it
        raise EndOfInput

    @contextmanager
    def interrupting(self, interrupt: Callable[[], object]) -> Iterator[None]:  # noqa: ARG002 - Ctrl-C ends the program
        yield

    def remember(self, messages: Iterable[str]) -> None:
        """Nobody types here."""

    def add_thinking(self, piece: str) -> None:
        self._add(piece, self._errors)

    def add_answer(self, piece: str) -> None:
        self._add(piece, self._output)

    def add_agent_text(self, piece: str) -> None:
        self._add(piece, self._errors, _INDENT)

    def end_text(self) -> None:
        if self._open is not None:
            self._write("\n", self._open[0])
        self._open = None

    def show_message(self, text: str) -> None:
        self._line("\n".join(f"> {line}" for line in text.splitlines()), self._output)

    def show_call(
        self,
        tool_name: str,
        arguments: JsonObject,
        *,
        whole: bool = False,  # noqa: ARG002 - nobody is to agree here
        agent_name: str | None = None,
    ) -> None:
        self._line(f"{'' if agent_name is None else '  '}* {short_call(tool_name, arguments)}", self._errors)

    def show_result(self, result: ToolResult | AgentToolResult) -> None:
        indent = "  " if isinstance(result, AgentToolResult) else ""
        text = "".join(f"\n{indent}  | {line}" for line in clean(result_text(result)).split("\n"))
        self._line(f"{indent}* {result_heading(result)}{text}", self._errors)

    def show_step(self, text: str) -> None:
        self._line(f"* {text}", self._errors)

    def show(self, text: str) -> None:
        self._line(text, self._output)

    def note(self, text: str) -> None:
        self._line(text, self._errors)

    def tell_error(self, text: str) -> None:
        self._line(f"mochi-server chat: {text}", self._errors)

    def _add(self, piece: str, where: TextIO, indent: str = "") -> None:
        if self._open != (where, indent):
            self.end_text()
            self._write(indent, where)
        self._open = (where, indent)
        self._write(clean(piece).replace("\n", f"\n{indent}"), where)

    def _line(self, text: str, where: TextIO) -> None:
        self.end_text()
        self._write(f"{clean(text)}\n", where)

    @staticmethod
    def _write(text: str, where: TextIO) -> None:
        where.write(text)
        where.flush()
