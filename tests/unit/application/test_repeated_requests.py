"""The same request again, while its first one is on its way."""

import asyncio
from collections import deque

from application.use_cases.start_run import Repeatable
from domain.model_card import ModelCard
from domain.run import ChatRequest
from tests.fakes.house import CLEVER, PLAIN, House, names_of, read_all, until
from tests.fakes.scripted_model import ScriptedCatalog, ScriptedModel, saying


class SlowCatalog(ScriptedCatalog):
    """Each question waits for the gate that was put there for it."""

    def __init__(self, *gates: asyncio.Event) -> None:
        super().__init__(PLAIN, CLEVER)
        self._gates = deque(gates)
        self.waiting = 0

    async def get_model(self, name: str) -> ModelCard:
        if self._gates:
            gate = self._gates.popleft()
            self.waiting += not gate.is_set()
            await gate.wait()
        return await super().get_model(name)


def opened() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


async def ask(house: House, session_id: str) -> str:
    async with house.say(session_id, key="k") as started:
        assert names_of(await read_all(started.events))[-1] == "done"
        return started.run.run_id


async def test_the_first_one_may_begin_and_end_while_the_second_looks_at_the_model() -> None:
    gate = asyncio.Event()
    catalog = SlowCatalog(gate, opened())
    house = House(catalog=catalog)
    session_id = await house.session()
    slow = asyncio.ensure_future(ask(house, session_id))
    await until(lambda: catalog.waiting == 1)
    quick = await ask(house, session_id)
    gate.set()
    assert await slow == quick
    assert len(house.model.requests) == 1


async def test_the_first_one_may_end_while_the_second_looks_at_the_model() -> None:
    at_work, looking = asyncio.Event(), asyncio.Event()
    catalog = SlowCatalog(opened(), looking)
    house = House(ScriptedModel([at_work, *saying("once")]), catalog=catalog)
    session_id = await house.session()
    first = asyncio.ensure_future(ask(house, session_id))
    await until(lambda: house.model.open_streams == 1)
    house.clock.advance(3600)
    second = asyncio.ensure_future(ask(house, session_id))
    at_work.set()
    run_id = await first
    looking.set()
    assert await second == run_id
    assert len(house.model.requests) == 1


async def test_many_that_look_at_the_model_together_begin_one_run() -> None:
    gates = [asyncio.Event() for _ in range(20)]
    catalog = SlowCatalog(*gates)
    house = House(catalog=catalog)
    session_id = await house.session()
    asked = [asyncio.ensure_future(ask(house, session_id)) for _ in gates]
    await until(lambda: catalog.waiting == len(gates))
    for gate in gates:
        gate.set()
    assert len({await each for each in asked}) == 1
    assert len(house.model.requests) == 1


async def test_so_do_those_that_want_events_and_those_that_want_the_whole() -> None:
    gates = [asyncio.Event() for _ in range(2)]
    catalog = SlowCatalog(*gates)
    house = House(catalog=catalog)
    session_id = await house.session()
    use_cases = house.container.use_cases()
    repeatable = Repeatable(key="k", request_digest="hello")
    events = asyncio.ensure_future(ask(house, session_id))
    whole = asyncio.ensure_future(use_cases.answer_chat(session_id, ChatRequest(message="hello"), repeatable))
    await until(lambda: catalog.waiting == 2)
    gates[0].set()
    run_id = await events
    gates[1].set()
    assert (await whole).run_id == run_id


async def test_what_was_known_is_read_again_without_a_look_at_the_model() -> None:
    house = House(catalog=SlowCatalog(opened(), asyncio.Event()))
    session_id = await house.session()
    run_id = await ask(house, session_id)
    house.clock.advance(3600)
    async with asyncio.timeout(0.9):
        assert await ask(house, session_id) == run_id


async def test_requests_without_a_key_are_each_their_own() -> None:
    house = House()
    session_id = await house.session()
    for _ in range(2):
        await house.answer_chat(session_id, ChatRequest(message="hi"))
    assert len(await house.list_runs(session_id)) == 2
