"""How the demo looks on a terminal: plain text, and colour where there is someone to see it."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TextIO

import orjson

from entrypoints.demo_client import ServerEvent

WIDTH = 100
SHOWN_IN_FULL = 3
"""Events of one kind that are shown as they came; after that only their text flows on."""

FLOWING = frozenset({"content_delta", "thinking_delta", "agent_planning", "agent_execution"})
"""Events that are pieces of one text."""

SHOWN_WHOLE = frozenset({"tool_call_confirmation_required", "tool_result", "agent_start", "agent_tool_result"})
"""Events that a person has to read to their end."""

LONGEST_TEXT = 50
MARGIN = 6

_STYLES = {"bold": "1", "dim": "2", "green": "32", "cyan": "36"}


class Screen:
    def __init__(self, output: TextIO) -> None:
        self._output = output
        wants_colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._has_colour = output.isatty() and wants_colour
        self._shown: Counter[str] = Counter()
        self._is_flowing = False
        self._column = 0

    def title(self, text: str) -> None:
        self._line(f"\n{self._styled(text, 'bold')}\n")

    def step(self, text: str) -> None:
        self._end_flow()
        self._shown.clear()
        self._line(f"\n{self._styled('*', 'green')} {self._styled(text, 'bold')}")

    def note(self, text: str) -> None:
        self._end_flow()
        self._line(f"  {text}")

    def exchange(self, method: str, path: str, body: object = None) -> None:
        self._end_flow()
        shown = "" if body is None else f"  {orjson.dumps(body).decode()}"
        self._line(f"  {self._styled(f'{method} {path}', 'cyan')}{shown}")

    def value(self, value: object, indent: int = 2) -> None:
        """JSON on one line, its long texts and its end cut off."""
        self._line(" " * indent + _cut(orjson.dumps(shortened(value)).decode(), WIDTH - indent))

    def code(self, text: str) -> None:
        for line in text.splitlines():
            self._line(f"      {self._styled(line, 'dim')}".rstrip())

    def command(self, text: str) -> None:
        self._line(f"    {self._styled(text, 'cyan')}")

    def event(self, event: ServerEvent) -> None:
        """An event as it came, or only its text where the reader has seen what such events look like."""
        self._shown[event.name] += 1
        if event.name in FLOWING and self._shown[event.name] > SHOWN_IN_FULL:
            self._flow(event)
            return
        self._end_flow()
        label = f"id: {event.event_id}  event: {event.name}"
        if event.name in SHOWN_WHOLE:
            self._line(f"  {self._styled(label, 'dim')}")
            self._line(f"{' ' * MARGIN}data: {event.data}")
            return
        data = _cut(event.data, max(WIDTH - len(label), LONGEST_TEXT))
        self._line(f"  {self._styled(label, 'dim')}  data: {data}")

    def _flow(self, event: ServerEvent) -> None:
        if not self._is_flowing:
            self._is_flowing = True
            self._write("  ...")
            self._column = MARGIN - 1
        for index, part in enumerate(event.text.split("\n")):
            if index or self._column + len(part) > WIDTH:
                self._write("\n")
                self._column = 0
            piece = part if self._column or not part else " " * MARGIN + part.lstrip()
            self._write(piece if event.name == "content_delta" else self._styled(piece, "dim"))
            self._column += len(piece)

    def _end_flow(self) -> None:
        if self._is_flowing:
            self._write("\n")
        self._is_flowing = False

    def _line(self, text: str) -> None:
        self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()

    def _styled(self, text: str, style: str) -> str:
        return f"\033[{_STYLES[style]}m{text}\033[0m" if self._has_colour else text


def shortened(value: object) -> object:
    """`value` with its long texts cut."""
    if isinstance(value, Mapping):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [shortened(item) for item in value]
    return _cut(value, LONGEST_TEXT) if isinstance(value, str) else value


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."
