"""A conversation so far, shown again."""

from collections.abc import Sequence

from domain.message import DONE_REASONS_OF_A_CUT, AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage
from entrypoints.chat.sanitising import one_line
from entrypoints.chat.screen import Screen

_LONGEST_LINE = 200


def show_history(screen: Screen, messages: Sequence[Message]) -> None:
    for message in messages:
        match message:
            case SystemMessage():
                screen.note(f"System prompt: {one_line(message.content, _LONGEST_LINE)}")
            case UserMessage():
                screen.show_message(message.content)
            case AssistantMessage():
                _show_answer(screen, message)
            case ToolMessage():
                screen.note(f"{message.tool_name}: {one_line(message.content, _LONGEST_LINE)}")


def _show_answer(screen: Screen, message: AssistantMessage) -> None:
    if message.thinking:
        screen.add_thinking(message.thinking)
    if message.content:
        screen.add_answer(message.content)
    screen.end_text()
    for call in message.tool_calls:
        screen.show_call(call.tool_name, call.arguments)
    if message.done_reason in DONE_REASONS_OF_A_CUT:
        screen.note(f"({message.done_reason})")
