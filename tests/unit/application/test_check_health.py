import asyncio

import pytest

from application.use_cases.check_health import CheckHealth, Health
from tests.fakes.scripted_model import ScriptedCatalog
from tests.unit.application.bench import GatedCatalog


@pytest.fixture
def catalog() -> GatedCatalog:
    return GatedCatalog()


@pytest.fixture
def check_health(catalog: GatedCatalog) -> CheckHealth:
    return CheckHealth(catalog=catalog)


@pytest.mark.parametrize(("reachable", "address"), [(True, "http://a:1"), (False, "http://a:1"), (None, None)])
async def test_health_is_what_the_catalog_says(reachable: bool | None, address: str | None) -> None:
    check_health = CheckHealth(catalog=ScriptedCatalog(reachable=reachable, address=address))

    assert await check_health() == Health(connected=reachable, address=address)


async def test_each_question_is_answered_anew() -> None:
    catalog = ScriptedCatalog(reachable=True)
    check_health = CheckHealth(catalog=catalog)
    await check_health()
    catalog.reachable = False

    assert (await check_health()).connected is False


async def test_a_server_that_is_silent_is_not_waited_for(catalog: GatedCatalog) -> None:
    health = await CheckHealth(catalog=catalog, patience_seconds=0.01)()

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


async def test_the_last_who_leaves_ends_the_probe(catalog: GatedCatalog, check_health: CheckHealth) -> None:
    leaving = asyncio.create_task(check_health())
    await catalog.asked_for.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await asyncio.wait_for(catalog.given_up.wait(), 30)
    catalog.gate.set()

    assert (await check_health()).connected is True
