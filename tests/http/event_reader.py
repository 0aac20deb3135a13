"""Reading an event stream as a browser's EventSource does (WHATWG HTML, 9.2.6), so that nothing is read kindly."""

import re
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class ReadEvent:
    name: str
    data: str
    event_id: str


def read_events(stream: bytes) -> list[ReadEvent]:
    """The events that are dispatched; comments, `retry` and an event without its blank line are not."""
    events: list[ReadEvent] = []
    data: list[str] = []
    name, event_id = "", ""
    lines = _LINE_END.split(stream.decode("utf-8", "replace").removeprefix("\ufeff"))
    for line in lines[:-1]:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                events.append(ReadEvent(name or "message", "\n".join(data), event_id))
            name, data = "", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id" and "\0" not in value:
            event_id = value
    return events
