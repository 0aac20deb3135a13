"""The same request again, while its first one is on its way."""

import asyncio
from collections import deque
from collections.abc import Sequence

from application.ports.language_model import ModelChunk, ModelEnd
from application.use_cases.answer import Answer
from application.use_cases.answered_calls import AnsweredCall
from application.use_cases.start_run import Repeatable
from domain.conversation import edit_user_message
from domain.json_value import JsonObject
from domain.message import ToolCall
from domain.model_card import ModelCard
from domain.run import ChatRequest
from domain.session import ToolSettings
from tests.fakes.agent_store import FakeAgentStore, skill
from tests.fakes.house import CLEVER, PLAIN, House, names_of, read_all, until
from tests.fakes.scripted_model import ScriptedCatalog, ScriptedModel, Step, saying
from tests.fakes.toolbox import FakeToolbox, echo


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


def calling(*texts: str) -> list[Step]:
    """A model that calls `echo` with each of these."""
    calls = [ToolCall(call_id=f"call_{n}", tool_name="echo", arguments={"text": each}) for n, each in enumerate(texts)]
    return [ModelChunk(tool_calls=tuple(calls)), ModelChunk(end=ModelEnd("stop", 10, 1, 0))]


def house_with_tools(*replies: Sequence[Step]) -> House:
    return House(
        ScriptedModel(*replies),
        toolbox=FakeToolbox({"echo": echo}),
        agents=FakeAgentStore(skill("cook")),
        agent_toolbox=FakeToolbox({"cook.stir": echo}),
    )


async def session_with_tools(house: House) -> str:
    settings = ToolSettings(tools=("echo",), execution_policy="never_confirm")
    return await house.session(model="clever", tool_settings=settings, agents=("cook",))


async def answer(house: House, session_id: str, text: str, key: str | None = None) -> Answer:
    """A whole answer, a minute after what was before."""
    house.clock.advance(60)
    repeatable = Repeatable(key=key, request_digest=text) if key else None
    return await house.answer_chat(session_id, ChatRequest(message=text), repeatable)


def echoed(text: str, *, arguments_are_known: bool = True) -> AnsweredCall:
    arguments = {"text": text} if arguments_are_known else {}
    return AnsweredCall(tool_name="echo", arguments=arguments, success=True, result=text)


async def test_the_calls_of_a_repeated_answer_are_its_own_whatever_was_called_since() -> None:
    house = house_with_tools(calling("Paris", "Lyon"), saying("Sunny."), calling("Rome"), saying("Rain."))
    session_id = await session_with_tools(house)
    first = await answer(house, session_id, "one", key="k")
    await answer(house, session_id, "two")

    again = await answer(house, session_id, "one", key="k")

    assert again == first
    assert list(again.calls) == [echoed("Paris"), echoed("Lyon")]


async def test_a_repeated_answer_whose_turn_was_dropped_tells_its_calls_without_their_arguments() -> None:
    house = house_with_tools(calling("Oslo"), saying("Snow."), calling("Paris", "Lyon"), saying("Sunny."))
    session_id = await session_with_tools(house)
    await answer(house, session_id, "one")
    await answer(house, session_id, "two", key="k")
    await house.sessions.update(session_id, lambda session: edit_user_message(session, 4, "2", house.clock.now()))

    again = await answer(house, session_id, "two", key="k")

    assert (again.status, again.message) == ("completed", None)
    assert list(again.calls) == [echoed(each, arguments_are_known=False) for each in ("Paris", "Lyon")]


async def test_so_does_one_that_delegated() -> None:
    order = {"agent": "cook", "instruction": "Cook soup."}
    delegating = ToolCall(call_id="d1", tool_name="agent", arguments=order)
    house = house_with_tools(
        [ModelChunk(tool_calls=(delegating,)), ModelChunk(end=ModelEnd("stop", 10, 1, 0))],
        *(saying("plan"), saying("I will."), saying("The soup is ready.")),
        saying("Enjoy!"),
    )
    session_id = await session_with_tools(house)
    [first] = (await answer(house, session_id, "one", key="k")).calls
    assert (first.tool_name, first.arguments, first.success) == ("agent", order, True)
    await house.sessions.update(session_id, lambda session: edit_user_message(session, 0, "1", house.clock.now()))

    [again] = (await answer(house, session_id, "one", key="k")).calls

    assert (again.tool_name, again.arguments, again.success) == ("agent", {}, True)
    assert again.result == first.result


async def test_a_run_that_was_cut_before_it_said_anything_has_its_calls_whatever_comes_behind_it() -> None:
    silent = asyncio.Event()
    house = house_with_tools(calling("Paris"), [silent], calling("Rome"), saying("Rain."))
    session_id = await session_with_tools(house)
    first = asyncio.ensure_future(answer(house, session_id, "one", key="k"))
    await until(lambda: len(house.model.requests) == 2)
    house.clock.advance(60)
    await house.cancel_run(session_id)
    assert list((await first).calls) == [echoed("Paris")]
    await answer(house, session_id, "two")

    again = await answer(house, session_id, "one", key="k")

    assert (again.status, again.message) == ("cancelled", None)
    assert list(again.calls) == [echoed("Paris")]


async def test_a_run_that_was_cut_while_it_called_has_that_call() -> None:
    async def hang(_: JsonObject) -> str:
        await asyncio.Event().wait()
        return ""

    house = house_with_tools(calling("Paris"), calling("Rome"), saying("Rain."))
    session_id = await session_with_tools(house)
    house.toolbox.functions["echo"] = hang
    first = asyncio.ensure_future(answer(house, session_id, "one", key="k"))
    await until(lambda: bool(house.toolbox.calls))
    await house.cancel_run(session_id)
    await first
    house.toolbox.functions["echo"] = echo
    await answer(house, session_id, "two")

    [again] = (await answer(house, session_id, "one", key="k")).calls

    assert (again.arguments, again.success) == ({"text": "Paris"}, False)
