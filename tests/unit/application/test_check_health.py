import asyncio

import pytest

from application.use_cases.check_health import WORTH_SECONDS, CheckHealth, Health
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_model import ScriptedCatalog
from tests.unit.application.bench import GatedCatalog


@pytest.fixture
def catalog() -> GatedCatalog:
    return GatedCatalog()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def check_health(catalog: GatedCatalog, clock: FakeClock) -> CheckHealth:
    return CheckHealth(catalog=catalog, clock=clock)


@pytest.mark.parametrize(("reachable", "address"), [(True, "http://a:1"), (False, "http://a:1"), (None, None)])
async def test_health_is_what_the_catalog_says(reachable: bool | None, address: str | None) -> None:
    check_health = CheckHealth(catalog=ScriptedCatalog(reachable=reachable, address=address), clock=FakeClock())

    assert await check_health() == Health(connected=reachable, address=address)


async def test_each_question_is_answered_anew() -> None:
    catalog = ScriptedCatalog(reachable=True)
    check_health = CheckHealth(catalog=catalog, clock=FakeClock())
    await check_health()
    catalog.reachable = False

    assert (await check_health()).connected is False


async def test_a_server_that_is_silent_is_not_waited_for(catalog: GatedCatalog) -> None:
    health = await CheckHealth(catalog=catalog, clock=FakeClock(), patience_seconds=0.01)()

    assert health.connected is False
    assert catalog.given_up.is_set()


async def test_questions_at_the_same_time_share_one_probe(catalog: GatedCatalog, check_health: CheckHealth) -> None:
    questions = [asyncio.create_task(check_health()) for _ in range(5)]
    await catalog.asked_for.wait()
    catalog.gate.set()

    assert [health.connected for health in await asyncio.gather(*questions)] == [True] * 5
    assert catalog.probes == 1


async def test_one_who_leaves_takes_no_answer_from_the_others(catalog: GatedCatalog, check_health: CheckHealth) -> None:
    leaving, staying = (asyncio.create_task(check_health()) for _ in range(2))
    await catalog.asked_for.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    catalog.gate.set()

    assert (await staying).connected is True


async def test_a_busy_server_that_was_seen_just_now_holds_nobody_up(
    catalog: GatedCatalog, check_health: CheckHealth, clock: FakeClock
) -> None:
    catalog.gate.set()
    assert (await check_health()).connected is True
    catalog.gate.clear()
    clock.advance(WORTH_SECONDS)
    for _ in range(3):
        assert (await check_health()).connected is True
    assert catalog.probes == 2, "those who did not wait share the probe that is under way"
    await check_health.aclose()


async def test_what_was_seen_long_ago_is_worth_nothing(
    catalog: GatedCatalog, check_health: CheckHealth, clock: FakeClock
) -> None:
    catalog.gate.set()
    assert (await check_health()).connected is True
    catalog.gate.clear()
    clock.advance(WORTH_SECONDS + 1)
    asking = asyncio.create_task(check_health())
    catalog.asked_for.clear()
    await catalog.asked_for.wait()
    catalog.reachable = False
    catalog.gate.set()

    assert (await asking).connected is False


async def test_closing_ends_the_probe(catalog: GatedCatalog, check_health: CheckHealth) -> None:
    leaving = asyncio.create_task(check_health())
    await catalog.asked_for.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await check_health.aclose()

    assert catalog.given_up.is_set()
