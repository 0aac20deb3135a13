"""A kill, a full disk and a failing one at each system call of each save of the JSON stores."""

import re
from collections.abc import Mapping
from functools import cache

import pytest

from tests.crash.programs import output_of
from tests.crash.saves import OF_PROMPTS, OF_RUNS, OF_SESSIONS, Save
from tests.crash.system_calls import missing

ANY = re.compile("")
_REPLACED = re.compile(r" write .*\bfsync .*\b(rename|link)\w* .*\bfsync\b")
ORDER = {
    "session created": _REPLACED,
    "message appended": _REPLACED,
    "session updated": _REPLACED,
    "session deleted": re.compile(r" rename\w* .*\bfsync .*\bunlink"),
    "run claimed": re.compile(r" write .*\bfsync\b"),
    "prompt created": _REPLACED,
    "prompt replaced": _REPLACED,
    "prompt deleted": re.compile(r" rename\w* .*\bfsync .*\bunlink"),
}
"""What makes a save outlive a power cut, which nobody can make here: the content is synced before it takes its name,
and the name after that."""

reason_missing = cache(missing)


@pytest.mark.parametrize("saves", [OF_SESSIONS, OF_RUNS, OF_PROMPTS], ids=["sessions", "runs", "prompts"])
async def test_saves_are_whole_or_not_at_all_whatever_befalls_each_of_their_calls(saves: Mapping[str, Save]) -> None:
    if reason := reason_missing():
        pytest.skip(reason)
    code, output = await output_of("faults", *saves)
    assert code == 0, output
    lines = dict(line.split(": ", 1) for line in output.splitlines())
    assert lines.keys() == saves.keys()
    for save, tried in lines.items():
        assert re.match(r"[1-9]\d* faults at ", tried), output
        assert ORDER.get(save, ANY).search(tried), output
