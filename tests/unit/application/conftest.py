from collections.abc import AsyncIterator

import pytest

from tests.unit.application.bench import Bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    await made.supervisor.stop()
