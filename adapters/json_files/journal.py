"""The journal of a session's runs: `{"run", "owner"}` a line, the last word on a run counts.

The owner is the instance of the server that holds the run. A line that cannot be read (its writer died over it) says
nothing.
"""

from contextlib import suppress
from dataclasses import dataclass

from adapters.codec.errors import NotDecodable, NotEncodable
from adapters.codec.fields import RawObject, read_object, read_text
from adapters.codec.json_text import parse, render
from adapters.codec.runs import decode_run, encode_run
from domain.errors import StorageFailed
from domain.run import END_STATUSES, Run


@dataclass(frozen=True, slots=True)
class OwnedRun:
    run: Run
    owner: str


def read_journal(data: bytes) -> dict[str, OwnedRun]:
    """The runs by id, as they were last written, in the order in which they were first."""
    runs: dict[str, OwnedRun] = {}
    for run_id, (raw, owner) in _latest(data).items():
        with suppress(NotDecodable):
            runs[run_id] = OwnedRun(decode_run(raw), owner)
    return runs


def read_open_runs(data: bytes) -> list[OwnedRun]:
    """Those that have not ended: a long journal is nearly all of runs that have, which are passed over undecoded."""
    runs: list[OwnedRun] = []
    for raw, owner in _latest(data).values():
        if raw.get("status") not in END_STATUSES:
            with suppress(NotDecodable):
                runs.append(OwnedRun(decode_run(raw), owner))
    return runs


def _latest(data: bytes) -> dict[str, tuple[RawObject, str]]:
    """The last that was written of each run, and its owner."""
    latest: dict[str, tuple[RawObject, str]] = {}
    for line in filter(None, data.split(b"\n")):
        with suppress(NotDecodable):
            raw = read_object(parse(line), "a line")
            run = read_object(raw.get("run"), "run")
            latest[read_text(run.get("run_id"), "run_id")] = (run, read_text(raw.get("owner"), "owner"))
    return latest


def run_line(owned: OwnedRun) -> bytes:
    try:
        return render({"run": encode_run(owned.run), "owner": owned.owner}) + b"\n"
    except NotEncodable:
        raise StorageFailed("The run holds something that JSON cannot, such as very deep nesting.") from None
