"""A screen that is told beforehand what a person types, and remembers what was shown."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from domain.json_value import JsonObject
from domain.run_event import AgentToolResult, ToolResult
from entrypoints.chat import screen
from entrypoints.chat.screen import EndOfInput, Interrupted


class FakeScreen(screen.Screen):
    """`shown` is everything in its order, as `kind: text`; pieces of one text are joined.

    An answer that is Interrupted is Ctrl-C; where messages or answers run out, nobody types any more.
    """

    def __init__(self, *messages: str, answers: Iterable[str | type[Interrupted]] = (), can_ask: bool = True) -> None:
        self.messages = deque(messages)
        self.answers = deque(answers)
        self.shown: list[str] = []
        self.questions: list[str] = []
        self.offered: list[str] = []
        self.remembered: list[str] = []
        self.interrupt: Callable[[], object] | None = None
        self._can_ask = can_ask
        self._text: tuple[str, str] | None = None

    @property
    def can_ask(self) -> bool:
        return self._can_ask

    async def read_message(self) -> str:
        if not self.messages:
            raise EndOfInput
        return self.messages.popleft()

    async def ask(self, question: str, default: str = "") -> str:
        self.questions.append(question)
        self.offered.append(default)
        if not self.answers:
            raise EndOfInput
        answer = self.answers.popleft()
        if isinstance(answer, str):
            return answer
        raise answer

    @contextmanager
    def interrupting(self, interrupt: Callable[[], object]) -> Iterator[None]:
        before, self.interrupt = self.interrupt, interrupt
        yield
        self.interrupt = before

    def remember(self, messages: Iterable[str]) -> None:
        self.remembered += messages

    def add_thinking(self, piece: str) -> None:
        self._add("thinking", piece)

    def add_answer(self, piece: str) -> None:
        self._add("answer", piece)

    def add_agent_text(self, piece: str) -> None:
        self._add("agent", piece)

    def end_text(self) -> None:
        if self._text is not None:
            self.shown.append(": ".join(self._text))
        self._text = None

    def show_message(self, text: str) -> None:
        self._show("message", text)

    def show_call(
        self, tool_name: str, arguments: JsonObject, *, whole: bool = False, agent_name: str | None = None
    ) -> None:
        name = tool_name if agent_name is None else f"{agent_name}'s {tool_name}"
        self._show("question" if whole else "call", f"{name} {dict(arguments)}")

    def show_result(self, result: ToolResult | AgentToolResult) -> None:
        self._show("result", result.result or f"failed: {result.error_message}")

    def show_step(self, text: str) -> None:
        self._show("step", text)

    def show(self, text: str) -> None:
        self._show("shown", text)

    def note(self, text: str) -> None:
        self._show("note", text)

    def tell_error(self, text: str) -> None:
        self._show("error", text)

    def _add(self, kind: str, piece: str) -> None:
        if self._text is not None and self._text[0] != kind:
            self.end_text()
        self._text = (kind, (self._text[1] if self._text else "") + piece)

    def _show(self, kind: str, text: str) -> None:
        self.end_text()
        self.shown.append(f"{kind}: {text}")
