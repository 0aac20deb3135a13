"""A process that is killed at any moment leaves nothing half done, whatever it stores in."""

import pytest

from tests.contracts.stores import DURABLE_SESSION_STORES
from tests.crash.programs import output_of
from tests.crash.stores import KINDS

KILLS = {"json": 60, "sqlite": 20, "postgresql": 20}


def test_every_store_is_killed() -> None:
    assert KILLS.keys() == DURABLE_SESSION_STORES.keys() == set(KINDS)


@pytest.mark.parametrize("kind", KILLS)
async def test_killed_writers_leave_nothing_unreadable_and_lose_nothing_acknowledged(kind: str) -> None:
    code, output = await output_of("campaign", "--kills", str(KILLS[kind]), "--store", kind)
    assert code == 0, output
    assert output.startswith(f"{kind}: {KILLS[kind]} kills, ")
