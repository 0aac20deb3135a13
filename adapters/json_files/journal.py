"""The journal of a session's runs: `{"run", "owner"}` a line, the last word on a run counts.

The owner is the instance of the server that holds the run. A line that cannot be read (its writer died over it) says
nothing.
"""

from dataclasses import dataclass
from typing import Final

from adapters.codec.errors import NotDecodable, NotEncodable
from adapters.codec.fields import read_object, read_text
from adapters.codec.json_text import parse, render
from adapters.codec.runs import decode_run, encode_run
from domain.errors import StorageFailed
from domain.run import Run

OPEN_STATUSES: Final = (b'"running"', b'"queued"', b'"awaiting_confirmation"')
"""One of these stands in every journal that holds a run which has not ended; in others only by chance."""


@dataclass(frozen=True, slots=True)
class OwnedRun:
    run: Run
    owner: str


def read_journal(data: bytes) -> dict[str, OwnedRun]:
    """The runs by id, as they were last written, in the order in which they were first."""
    runs: dict[str, OwnedRun] = {}
    for line in filter(None, data.split(b"\n")):
        try:
            raw = read_object(parse(line), "a line")
            owned = OwnedRun(decode_run(raw.get("run")), read_text(raw.get("owner"), "owner"))
        except NotDecodable:
            continue
        runs[owned.run.run_id] = owned
    return runs


def run_line(owned: OwnedRun) -> bytes:
    try:
        return render({"run": encode_run(owned.run), "owner": owned.owner}) + b"\n"
    except NotEncodable:
        raise StorageFailed("The run holds something that JSON cannot, such as very deep nesting.") from None
