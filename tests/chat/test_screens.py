"""What reaches a terminal or a pipe."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from domain.run_event import AgentToolResult, ToolResult
from entrypoints.chat.keyboard import Keyboard
from entrypoints.chat.markdown_text import finished_length, last_part, markdown_of
from entrypoints.chat.plain_screen import PlainScreen
from entrypoints.chat.prompt import Prompt
from entrypoints.chat.screen import EndOfInput, Interrupted
from entrypoints.chat.terminal_screen import TerminalScreen
from entrypoints.chat.typed_lines import TypedLines
from tests.chat.test_sanitising import HOSTILE, does_something

MARKDOWN = """# A title

Some *words*, `code` and <b>HTML</b>.

1. one
2. two

   still two

```python
a = 1

b = 2
```

| a | b |
|---|---|
| 1 | 2 |

The end, [there](https://example.org).
"""


def printed(text: str, width: int = 60) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    console.print(markdown_of(text))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def result(text: str, *, success: bool = True) -> ToolResult:
    return ToolResult(
        tool_name=f"tool{text}",
        success=success,
        result=text if success else None,
        error_message=None if success else text,
        error_code=None if success else "TOOL_EXECUTION_FAILED",
        execution_time=0.1,
        call_index=0,
        tool_call_id="call_1",
    )


def agent_result(text: str) -> AgentToolResult:
    return AgentToolResult(agent_name=text, tool_name=text, success=True, result=text, error_message=None)


@contextmanager
def terminal_screen(
    *, is_terminal: bool, held: list[str] | None = None
) -> Iterator[tuple[TerminalScreen, io.StringIO]]:
    output = io.StringIO()
    console = Console(
        file=output, width=40, height=10, force_terminal=is_terminal, markup=False, emoji=False, highlight=False
    )
    with create_pipe_input() as typed, create_app_session(input=typed, output=DummyOutput()):
        typed.send_text("\x04")
        yield TerminalScreen(console, Prompt(), Keyboard(0), lambda: held or []), output


def show_everything(screen: TerminalScreen | PlainScreen, text: str) -> None:
    screen.add_thinking(text)
    screen.add_answer(text)
    screen.show_message(text)
    screen.show_call(text, {text: text})
    screen.show_call(text, {text: [text]}, whole=True)
    screen.show_result(result(text))
    screen.show_result(result(text, success=False))
    screen.add_agent_text(text)
    screen.show_call(text, {text: text}, agent_name=text)
    screen.show_call(text, {text: text}, whole=True, agent_name=text)
    screen.show_result(agent_result(text))
    screen.show_step(text)
    screen.show(text)
    screen.note(text)
    screen.tell_error(text)


@given(HOSTILE)
def test_nothing_that_is_said_does_anything_to_a_terminal(text: str) -> None:
    with terminal_screen(is_terminal=False) as (screen, output):
        show_everything(screen, text)
    assert not any(map(does_something, output.getvalue()))


@given(HOSTILE)
def test_nothing_that_is_said_goes_through_a_pipe_as_a_command(text: str) -> None:
    output, errors = io.StringIO(), io.StringIO()
    show_everything(PlainScreen(TypedLines(0), output, errors), text)
    assert not any(map(does_something, output.getvalue() + errors.getvalue()))


@pytest.mark.parametrize("text", ["\x1b]0;title\x07", "a\x1b[10A\x1b[2Kb", "[x](\x1b]8;;y)", "`\x1b[2J`", "# \x9b2J"])
def test_on_a_terminal_only_our_own_sequences_are_written(text: str) -> None:
    with terminal_screen(is_terminal=True) as (screen, output):
        show_everything(screen, text)
    for sequence in ("\x1b]", "\x1b[10A", "\x1b[2J", "\x9b", "\x07"):
        assert sequence not in output.getvalue()


@pytest.mark.parametrize("entity", ["&#x202e;", "&#x2028;", "&#27;", "&#155;", "&#x2067;"])
@pytest.mark.parametrize("form", ["{}", "`{}`", "[{}]({})", "```{}\nx\n```", "    {}", "![{}](a)", "> {}", "# {}"])
def test_what_is_a_character_only_after_the_parsing_is_harmless_too(entity: str, form: str) -> None:
    assert not any(map(does_something, printed(form.replace("{}", entity))))


def test_markdown_is_shown_as_such_and_html_as_it_was_written() -> None:
    shown = printed(MARKDOWN)

    for part in ("Some words, code and <b>HTML</b>.", "1 one", "2 two", "a = 1", "there (https://example.org)"):
        assert part in shown
    assert "```" not in shown


@given(st.integers(1, 12))
def test_a_text_that_grows_is_cut_where_nothing_changes_any_more(size: int) -> None:
    left, blocks = "", []
    for start in range(0, len(MARKDOWN), size):
        left += MARKDOWN[start : start + size]
        if length := finished_length(left):
            blocks.append(left[:length])
            left = left[length:]
    blocks.append(left)

    assert "".join(blocks) == MARKDOWN
    assert "\n".join(printed(block) for block in blocks if block.strip()) == "\n".join(
        printed(block) for block in MARKDOWN_BLOCKS
    )


MARKDOWN_BLOCKS = (
    "# A title\n",
    "Some *words*, `code` and <b>HTML</b>.\n",
    "1. one\n2. two\n\n   still two\n",
    "```python\na = 1\n\nb = 2\n```\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n",
    "The end, [there](https://example.org).\n",
)


def test_the_end_of_a_long_program_is_still_one() -> None:
    program = "```python\n" + "".join(f"print({number})\n" for number in range(100))

    assert last_part(program, 30) == "```python\nprint(98)\nprint(99)\n"
    assert last_part("word\n" * 100, 12) == "word\nword\n"
    assert last_part(program, len(program)) == program


def test_an_answer_that_is_longer_than_the_terminal_is_written_whole_and_once() -> None:
    lines = [f"line {number}." for number in range(50)]
    with terminal_screen(is_terminal=False) as (screen, output):
        for line in lines:
            screen.add_answer(f"{line}\n\n")
        screen.end_text()

    assert output.getvalue().split("\n\n") == [*lines[:-1], f"{lines[-1]}\n"]


def test_a_call_that_is_asked_about_stands_beside_a_line() -> None:
    with terminal_screen(is_terminal=False) as (screen, output):
        screen.show_call("echo", {"text": "x" * 100 + "\nCall echo? y"}, whole=True)

    first, *rest = output.getvalue().splitlines()
    assert first == "The model wants to call echo with"
    assert all(line.startswith("  | ") for line in rest)


def test_the_question_of_an_agent_names_it() -> None:
    with terminal_screen(is_terminal=False) as (screen, output):
        screen.show_call("stir", {}, whole=True, agent_name="cook")

    assert output.getvalue().splitlines()[0] == "The agent cook wants to call stir with"


def show_work(screen: TerminalScreen | PlainScreen) -> None:
    screen.show_step("The agent cook begins: Soup.")
    for piece in ("First water.\nThen ", "salt, and all that makes a soup."):
        screen.add_agent_text(piece)
    screen.show_call("stir", {"text": "soup"}, agent_name="cook")
    screen.show_result(agent_result("soup"))
    screen.add_answer("Enjoy!")
    screen.end_text()


WORK = [
    "* The agent cook begins: Soup.",
    "    First water.",
    "    Then salt, and all that makes a soup.",
    '  * stir {"text": "soup"}',
    "  * soup answered",
    "    | soup",
]


def test_an_agents_work_is_set_apart_on_a_terminal() -> None:
    with terminal_screen(is_terminal=False) as (screen, output):
        show_work(screen)

    rows = [row.rstrip() for row in output.getvalue().splitlines()]
    wrapped = ["    Then salt, and all that makes a", "    soup."]
    assert rows == [*WORK[:2], *wrapped, *WORK[3:], "Enjoy!"]


def test_an_agents_work_goes_beside_the_answer_of_a_pipe() -> None:
    output, errors = io.StringIO(), io.StringIO()
    show_work(PlainScreen(TypedLines(0), output, errors))

    assert output.getvalue() == "Enjoy!\n"
    assert errors.getvalue().splitlines() == WORK


def test_a_call_that_is_too_long_to_be_shown_says_so() -> None:
    with terminal_screen(is_terminal=False) as (screen, output):
        screen.show_call("echo", {"text": "x" * 10_000}, whole=True)

    assert "MORE CHARACTERS" in output.getvalue()


async def test_the_log_is_told_before_the_next_prompt() -> None:
    with terminal_screen(is_terminal=False, held=["WARNING: mind the gap"]) as (screen, output):
        screen.add_answer("text")
        with pytest.raises(EndOfInput):
            await screen.read_message()

    assert output.getvalue().splitlines() == ["text", "WARNING: mind the gap", ""]


@contextmanager
def prompt_with(keys: str) -> Iterator[tuple[Prompt, PipeInput]]:
    with create_pipe_input() as typed, create_app_session(input=typed, output=DummyOutput()):
        typed.send_text(keys)
        yield Prompt(), typed


@pytest.mark.parametrize(
    ("keys", "message"),
    [("hello\r", "hello"), ("one\\\rtwo\r", "one\ntwo"), ("one\x1b\rtwo\r", "one\ntwo"), ("a\\b\r", "a\\b")],
)
async def test_enter_sends_unless_another_line_is_wanted(keys: str, message: str) -> None:
    with prompt_with(keys) as (prompt, _):
        assert await prompt.message() == message


async def test_ctrl_d_and_ctrl_c_at_the_prompt() -> None:
    with prompt_with("\x04") as (prompt, typed):
        with pytest.raises(EndOfInput):
            await prompt.message()
        typed.send_text("half\x03")
        with pytest.raises(Interrupted):
            await prompt.message()


async def test_what_was_said_comes_back_with_the_arrow() -> None:
    with prompt_with("\x1b[A\r") as (prompt, _):
        prompt.remember(["older", "newer"])
        assert await prompt.message() == "newer"


async def test_what_was_typed_before_a_question_does_not_answer_it() -> None:
    with prompt_with("message\ry\r") as (prompt, typed):
        assert await prompt.message() == "message"
        typed.send_text("n\r")
        assert await prompt.answer("") == "n"


@pytest.mark.parametrize(
    ("piped", "messages"),
    [
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\nlast", ["one", "last"]),
        (b"one\\\ntwo\nthree\\", ["one\ntwo", "three"]),
        ("süß\n".encode() + b"\xff\n", ["süß", "\ufffd"]),
        (b"", []),
    ],
)
async def test_lines_of_a_pipe_are_messages(piped: bytes, messages: list[str]) -> None:
    reading, writing = os.pipe()
    os.write(writing, piped)
    os.close(writing)
    screen = PlainScreen(TypedLines(reading), io.StringIO(), io.StringIO())
    read = [await screen.read_message() for _ in messages]
    with pytest.raises(EndOfInput):
        await screen.read_message()
    os.close(reading)

    assert read == messages
