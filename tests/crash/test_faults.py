"""A kill, a full disk and a failing one at the system calls of the stores' saves."""

import re
from collections.abc import Collection, Mapping
from functools import cache

import pytest

from tests.crash.programs import output_of
from tests.crash.saves import OF_PROMPTS, OF_RUNS, OF_SESSIONS
from tests.crash.system_calls import missing

ANY = re.compile("")
_REPLACED = re.compile(r"\bwrite\S* .*\bfsync\S* .*\b(rename|link)\w* .*\bfsync\b")
ORDER_OF_JSON = {
    "session created": _REPLACED,
    "message appended": _REPLACED,
    "session updated": _REPLACED,
    "session deleted": re.compile(r"\brename\w* .*\bfsync .*\bunlink"),
    "run claimed": re.compile(r"\bwrite\S* .*\bfsync\b"),
    "prompt created": _REPLACED,
    "prompt replaced": _REPLACED,
    "prompt deleted": re.compile(r"\brename\w* .*\bfsync .*\bunlink"),
}
"""What makes a save outlive a power cut, which nobody can make here: the content is synced before it takes its name,
and the name after that."""

_LOGGED = re.compile(r"\bpwrite64\S* fdatasync\S*$")
ORDER_OF_SQLITE = {
    "session created": _LOGGED,
    "message edited": _LOGGED,
    # Without a key it need not outlive a power cut: what is synced is the beginning of the log alone.
    "first run claimed": re.compile(r"\bfdatasync\S* pwrite64\S*$"),
    "run ended": _LOGGED,
}

reason_missing = cache(missing)

SAMPLE_OF_SQLITE = [
    "session created",
    "message edited",
    "first run claimed",
    "run ended",
    "log of a dead process taken over",
]
SAMPLED = 11
"""One of so many faults; odd, so that each kind of the four has its turn."""


@pytest.mark.parametrize("saves", [OF_SESSIONS, OF_RUNS, OF_PROMPTS], ids=["sessions", "runs", "prompts"])
async def test_saves_to_files_are_whole_or_not_at_all_whatever_befalls_each_of_their_calls(
    saves: Collection[str],
) -> None:
    await _require_whole_saves("json", saves, ORDER_OF_JSON, every=1)


async def test_saves_to_sqlite_are_whole_or_not_at_all_whatever_befalls_some_of_their_calls() -> None:
    await _require_whole_saves("sqlite", SAMPLE_OF_SQLITE, ORDER_OF_SQLITE, every=SAMPLED)


async def _require_whole_saves(
    kind: str, saves: Collection[str], order: Mapping[str, re.Pattern[str]], *, every: int
) -> None:
    if reason := reason_missing():
        pytest.skip(reason)
    code, output = await output_of("faults", *saves, "--store", kind, "--every", str(every))
    assert code == 0, output
    lines = dict(line.removeprefix(f"{kind}: ").split(": ", 1) for line in output.splitlines())
    assert lines.keys() == set(saves)
    for save, tried in lines.items():
        made = re.fullmatch(r"(\d+) faults at (.+)", tried)
        assert made, output
        assert int(made[1]) or every > 1, output
        assert order.get(save, ANY).search(made[2]), output
