"""The journal of a session's runs: a JSON object a line, of which the last word on a thing counts.

`{"run", "owner"}` is the state of a run and the instance of the server that holds it; `{"text"}` the answer that a
run is writing; `{"more"}` what it wrote since. A line that cannot be read (its writer died over it) says nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from adapters.codec.errors import NotDecodable, NotEncodable
from adapters.codec.fields import RawObject, read_text
from adapters.codec.json_text import parse, render
from adapters.codec.runs import decode_partial, decode_run, encode_partial, encode_run
from domain.errors import StorageFailed
from domain.json_value import JsonValue
from domain.message import AssistantMessage
from domain.run import PartialAnswer, Run

OPEN_STATUSES: Final = (b'"running"', b'"queued"', b'"awaiting_confirmation"')
"""One of these stands in every journal that holds a run which has not ended; in others only by chance."""


@dataclass(frozen=True, slots=True)
class OwnedRun:
    run: Run
    owner: str


@dataclass(slots=True)
class Journal:
    """What a journal says: the runs, and the text of those that have not ended."""

    runs: dict[str, OwnedRun] = field(default_factory=dict)
    _texts: dict[str, tuple[PartialAnswer, list[str], list[str]]] = field(default_factory=dict)

    def partial_of(self, run_id: str) -> PartialAnswer | None:
        """The answer of a run, where it has any text."""
        if run_id not in self._texts:
            return None
        partial, content, thinking = self._texts[run_id]
        message = replace(partial.message, content="".join(content), thinking="".join(thinking) or None)
        return replace(partial, message=message) if message.content or message.thinking else None

    def lines(self) -> bytes:
        """A journal that says the same, as short as can be."""
        lines = [run_line(owned) for owned in self.runs.values()]
        partials = [self.partial_of(run_id) for run_id in self.runs]
        lines += [text_line(partial) for partial in partials if partial]
        return b"".join(lines)

    def read(self, line: bytes) -> None:
        """Raises NotDecodable."""
        raw = parse(line)
        if not isinstance(raw, dict):
            raise NotDecodable("it is not an object")
        if "run" in raw:
            self.put(OwnedRun(decode_run(raw["run"]), read_text(raw.get("owner"), "owner")))
        elif "text" in raw:
            partial = decode_partial(raw["text"])
            self._texts[partial.run_id] = (partial, [partial.message.content], [partial.message.thinking or ""])
        elif "more" in raw:
            self._read_more(raw["more"])

    def put(self, owned: OwnedRun) -> None:
        self.runs[owned.run.run_id] = owned
        if owned.run.has_ended:
            self._texts.pop(owned.run.run_id, None)

    def _read_more(self, raw: JsonValue) -> None:
        if not isinstance(raw, dict):
            raise NotDecodable("it is not an object")
        known = self._texts.get(read_text(raw.get("run_id"), "run_id"))
        if known:
            known[1].append(read_text(raw.get("content"), "content"))
            known[2].append(read_text(raw.get("thinking"), "thinking"))


def read_journal(data: bytes) -> Journal:
    journal = Journal()
    for line in _lines_of(data):
        try:
            journal.read(line)
        except NotDecodable:
            continue
    for run_id, owned in journal.runs.items():
        if owned.run.has_ended:
            journal.put(journal.runs[run_id])
    return journal


def _lines_of(data: bytes) -> Iterator[bytes]:
    return (line for line in data.split(b"\n") if line)


def run_line(owned: OwnedRun) -> bytes:
    return _line({"run": encode_run(owned.run), "owner": owned.owner})


def text_line(partial: PartialAnswer) -> bytes:
    return _line({"text": encode_partial(partial)})


def more_line(partial: PartialAnswer, flushed: PartialAnswer | None) -> bytes:
    """What is new in `partial`: all of it where it is not what was `flushed` before, gone on."""
    if flushed is None or not _goes_on(flushed.message, partial.message):
        return text_line(partial)
    content = partial.message.content[len(flushed.message.content) :]
    thinking = (partial.message.thinking or "")[len(flushed.message.thinking or "") :]
    return _line({"more": {"run_id": partial.run_id, "content": content, "thinking": thinking}})


def _goes_on(old: AssistantMessage, new: AssistantMessage) -> bool:
    return (
        new.content.startswith(old.content)
        and (new.thinking or "").startswith(old.thinking or "")
        and replace(new, content=old.content, thinking=old.thinking) == old
    )


def _line(raw: RawObject) -> bytes:
    try:
        return render(raw) + b"\n"
    except NotEncodable:
        raise StorageFailed("The run holds something that JSON cannot, such as very deep nesting.") from None
