"""What a conversation needs of whatever it is shown on."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from domain.json_value import JsonObject
from domain.run_event import AgentToolResult, ToolResult


class EndOfInput(Exception):
    """Nobody types any more: Ctrl-D, the end of a pipe, or a terminal that is gone."""


class Interrupted(Exception):
    """Ctrl-C at a question."""


class Screen(Protocol):
    """Where people read and write. Whatever is given is made harmless here, before it reaches a terminal."""

    @property
    def can_ask(self) -> bool:
        """Whether a person is there to answer questions."""
        ...

    async def read_message(self) -> str:
        """What a person wants to say, of one line or several. Raises EndOfInput."""
        ...

    async def ask(self, question: str, default: str = "") -> str:
        """An answer that was typed after the question was shown. Raises EndOfInput, Interrupted."""
        ...

    def interrupting(self, interrupt: Callable[[], object]) -> AbstractContextManager[None]:
        """Within it, `interrupt` is called at each Ctrl-C while nothing is being asked; the innermost one counts."""
        ...

    def remember(self, messages: Iterable[str]) -> None:
        """Messages that may be wanted again, the oldest first."""
        ...

    def add_thinking(self, piece: str) -> None:
        """A piece of thinking, as it comes."""
        ...

    def add_answer(self, piece: str) -> None:
        """A piece of an answer in Markdown, as it comes."""
        ...

    def add_agent_text(self, piece: str) -> None:
        """A piece of what an agent says to nobody but itself, as it comes."""
        ...

    def end_text(self) -> None:
        """The thinking, answer or text of an agent is as it is; something else follows."""
        ...

    def show_message(self, text: str) -> None:
        """What a person said before."""
        ...

    def show_call(
        self, tool_name: str, arguments: JsonObject, *, whole: bool = False, agent_name: str | None = None
    ) -> None:
        """A tool's call, by an agent where that is named; `whole` where somebody is to agree to it."""
        ...

    def show_result(self, result: ToolResult | AgentToolResult) -> None: ...

    def show_step(self, text: str) -> None:
        """What an agent begins or ends, on one line."""
        ...

    def show(self, text: str) -> None:
        """Something that was asked for."""
        ...

    def note(self, text: str) -> None:
        """Something by the way."""
        ...

    def tell_error(self, text: str) -> None:
        """What went wrong, on one line."""
        ...
