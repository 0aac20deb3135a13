"""A kill, a full disk and a failing one at each system call of each save of the JSON stores."""

import re
from functools import cache

import pytest

from tests.crash.programs import output_of
from tests.crash.saves import SAVES
from tests.crash.system_calls import missing

reason_missing = cache(missing)


@pytest.mark.parametrize("save", SAVES)
async def test_a_save_is_whole_or_not_at_all_whatever_befalls_each_of_its_calls(save: str) -> None:
    if reason := reason_missing():
        pytest.skip(reason)
    code, output = await output_of("faults", save)
    assert code == 0, output
    assert re.fullmatch(rf"{save}: [1-9]\d* calls, [1-9]\d* faults\n", output)
