"""Whether the server can do its work: the store is really tried, and nobody waits for one that hangs."""

import asyncio

import pytest

from adapters.memory.storage_probe import MemoryStorageProbe
from application.ports import storage_probe as ports
from application.use_cases.check_health import CheckHealth
from application.use_cases.check_readiness import WORTH_SECONDS, CheckReadiness
from domain.errors import StorageFailed
from tests.fakes.clock import FakeClock
from tests.fakes.house import until
from tests.fakes.scripted_model import ScriptedCatalog


class GatedProbe(ports.StorageProbe):
    """Writes once its gate is open; refuses where `error` is set."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: StorageFailed | None = None
        self.tries = 0

    async def try_writing(self) -> None:
        self.tries += 1
        await self.gate.wait()
        if self.error:
            raise self.error


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def probe() -> GatedProbe:
    return GatedProbe()


def readiness_of(
    probe: ports.StorageProbe, clock: FakeClock, *, reachable: bool | None = True, patience_seconds: float = 5.0
) -> CheckReadiness:
    catalog = ScriptedCatalog(reachable=reachable)
    check_health = CheckHealth(catalog=catalog, clock=clock)
    return CheckReadiness(storage=probe, check_health=check_health, clock=clock, patience_seconds=patience_seconds)


@pytest.mark.parametrize("reachable", [True, None])
async def test_a_store_that_writes_and_models_that_answer_are_all_it_takes(
    clock: FakeClock, reachable: bool | None
) -> None:
    state = await readiness_of(MemoryStorageProbe(), clock, reachable=reachable)()

    assert (state.storage_writable, state.models_reachable, state.problem) == (True, reachable, None)


async def test_a_store_that_refuses_is_the_problem(probe: GatedProbe, clock: FakeClock) -> None:
    probe.error = StorageFailed("The disk is full.")

    state = await readiness_of(probe, clock, reachable=False)()

    assert (state.storage_writable, state.models_reachable) == (False, False)
    assert state.problem is probe.error


async def test_models_that_do_not_answer_are_the_problem(probe: GatedProbe, clock: FakeClock) -> None:
    state = await readiness_of(probe, clock, reachable=False)()

    assert state.storage_writable
    assert state.problem is not None
    assert state.problem.code == "OLLAMA_UNREACHABLE"


async def test_a_store_that_hangs_is_not_waited_for_and_not_tried_again(probe: GatedProbe, clock: FakeClock) -> None:
    probe.gate.clear()
    check = readiness_of(probe, clock, patience_seconds=0.001)

    states = [await check() for _ in range(3)]
    clock.advance(WORTH_SECONDS * 2)
    states.append(await check())

    assert [state.storage_writable for state in states] == [False] * 4
    assert probe.tries == 1
    probe.gate.set()
    await until(lambda: not [task for task in asyncio.all_tasks() if task.get_name() == "storage probe"])
    assert (await check()).storage_writable
    await check.aclose()


async def test_who_asks_at_the_same_time_shares_one_try(probe: GatedProbe, clock: FakeClock) -> None:
    check = readiness_of(probe, clock)
    await asyncio.gather(*(check() for _ in range(5)))
    await check()
    assert probe.tries == 1
    clock.advance(WORTH_SECONDS * 2)
    await check()

    assert probe.tries == 2


async def test_one_who_leaves_takes_the_answer_from_nobody(probe: GatedProbe, clock: FakeClock) -> None:
    probe.gate.clear()
    check = readiness_of(probe, clock)
    leaving, staying = (asyncio.create_task(check()) for _ in range(2))
    await until(lambda: probe.tries == 1)
    leaving.cancel()
    await asyncio.wait([leaving])
    probe.gate.set()

    assert (await staying).storage_writable
    await check.aclose()
