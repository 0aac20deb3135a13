"""Two processes that share a store append to one session at once."""

import pytest

from tests.crash.programs import output_of
from tests.crash.stores import KINDS


@pytest.mark.parametrize("kind", KINDS)
async def test_1000_appends_of_two_processes_are_all_there_or_were_refused(kind: str) -> None:
    code, output = await output_of("appends", kind)
    assert code == 0, output
    assert output.startswith(f"{kind}: "), output
