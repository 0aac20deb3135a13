"""What a person types: messages with a history and of several lines, and answers to questions."""

from collections.abc import Iterable
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from entrypoints.chat.screen import EndOfInput, Interrupted

SIGN: Final = "> "
QUESTION_SIGN: Final = "? "
"""Short: a prompt that is wider than the terminal is not shown at all. The question itself stands above."""

CONTINUES: Final = "\\"


def key_bindings() -> KeyBindings:
    """Enter sends; behind a backslash, and as Alt-Enter, it begins another line."""
    keys = KeyBindings()

    @keys.add("enter")
    def send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.text_before_cursor.endswith(CONTINUES):
            buffer.delete_before_cursor()
            buffer.newline(copy_margin=False)
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def begin_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    return keys


class Prompt:
    """To be used in a running loop, on a terminal."""

    def __init__(self) -> None:
        keys = key_bindings()
        self._history = InMemoryHistory()
        self._messages = _session(self._history, keys)
        # Answers are nothing to come back to among messages.
        self._answers = _session(InMemoryHistory(), keys)

    def remember(self, messages: Iterable[str]) -> None:
        for message in messages:
            self._history.append_string(message)

    async def message(self) -> str:
        """Raises EndOfInput, Interrupted."""
        return await _typed(self._messages, SIGN, "")

    async def answer(self, default: str) -> str:
        """Raises EndOfInput, Interrupted. What was typed before the question was shown is no answer to it."""
        clear_typeahead(self._answers.input)
        self._answers.input.flush()
        return await _typed(self._answers, QUESTION_SIGN, default)


def _session(history: InMemoryHistory, keys: KeyBindings) -> PromptSession[str]:
    return PromptSession(history=history, key_bindings=keys, multiline=True, reserve_space_for_menu=0)


async def _typed(session: PromptSession[str], prompt: str, default: str) -> str:
    try:
        return await session.prompt_async(FormattedText([("bold", prompt)]), default=default)
    except EOFError:
        raise EndOfInput from None
    except KeyboardInterrupt:
        raise Interrupted from None
