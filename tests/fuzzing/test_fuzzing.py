"""The server does what its document says, as far as a machine finds out in a short while (`make fuzz` for longer)."""

from tests.fuzzing.campaign import run_round

SECONDS = 10
PATIENCE = 60
"""A machine that does other things, too, may be slow."""


async def test_requests_made_of_the_document_are_answered_as_it_says() -> None:
    found = await run_round(seed=1, seconds=SECONDS, slow_seconds=PATIENCE)
    assert found.fault == "", found.fault
    assert found.requests
