"""What is told of runs, questions, calls and agents, to those who count and trace."""

import asyncio
from typing import TypeVar

import pytest

from application.ports.language_model import ModelChunk, ModelEnd
from application.ports.run_log import Follower
from application.ports.telemetry import CUT, AgentReport, QuestionReport, Report, RunReport, ToolReport
from application.work_ids import WorkIds, current_ids, serving_request
from domain.confirmation import Decision
from domain.errors import ModelServerTimeout, PromptTooLong
from domain.json_value import JsonObject
from domain.message import ToolCall
from domain.run import ChatRequest
from domain.run_event import ConfirmationRequired
from domain.session import ToolSettings
from tests.fakes.agent_store import FakeAgentStore, skill
from tests.fakes.house import CLEVER, PLAIN, House, read_all, read_until_text, until
from tests.fakes.scripted_model import ScriptedCatalog, ScriptedModel, Step, saying
from tests.fakes.toolbox import FakeToolbox, echo
from tests.unit.histories import assistant, user

AnyReport = TypeVar("AnyReport", bound=Report)


def calling(tool_name: str, **arguments: str) -> list[Step]:
    call = ToolCall(call_id="call_1", tool_name=tool_name, arguments=dict(arguments))
    return [ModelChunk(tool_calls=(call,)), ModelChunk(end=ModelEnd("stop", 10, 1, 0))]


async def told_of(house: House, kind: type[AnyReport]) -> list[AnyReport]:
    """The reports of what has ended, once nothing is at work any more."""
    await until(lambda: not house.telemetry.at_work)
    return [report for report in house.telemetry.ended if isinstance(report, kind)]


async def chat(house: House, session_id: str) -> None:
    async with house.say(session_id) as started:
        await read_all(started.events)


async def test_a_run_and_its_question_are_told_of() -> None:
    house = House(ScriptedModel(saying("Hel", "lo")))
    session_id = await house.session()
    async with house.say(session_id) as started:
        await read_all(started.events)

    assert await told_of(house, RunReport) == [
        RunReport(
            run_id=started.run.run_id,
            session_id=session_id,
            model="plain",
            status="completed",
            prompt_tokens=10,
            answer_tokens=2,
        )
    ]
    (question,) = await told_of(house, QuestionReport)
    assert question == QuestionReport(
        model="plain",
        purpose="chat",
        session_id=session_id,
        num_ctx=8192,
        first_piece_after=0.0,
        prompt_tokens=10,
        answer_tokens=2,
        done_reason="stop",
    )


async def test_the_servers_own_part_counts_from_the_arrival_to_the_first_question() -> None:
    house = House(ScriptedModel(calling("echo", text="hi"), saying("done")), toolbox=FakeToolbox({"echo": echo}))
    session_id = await house.session(
        model="clever", tool_settings=ToolSettings(tools=("echo",), execution_policy="never_confirm")
    )
    with serving_request("a", session_id, house.clock.monotonic()):
        house.clock.advance(0.25)
        await chat(house, session_id)

    assert [each.added_delay for each in await told_of(house, QuestionReport)] == [0.25, None]


async def test_waiting_for_ones_turn_is_not_the_servers_part() -> None:
    gate = asyncio.Event()
    house = House(ScriptedModel([gate, *saying("first")], saying("second")))
    session_id = await house.session()
    async with house.say(session_id):
        with serving_request("a", session_id, 0.0):
            request = ChatRequest(message="next", if_busy="enqueue")
            async with house.start_run(session_id, request) as waiting:
                gate.set()
                await read_all(waiting.events)

    assert [each.added_delay for each in await told_of(house, QuestionReport)] == [None, None]


async def test_a_run_that_is_cancelled_while_it_waits_had_no_turn() -> None:
    gate = asyncio.Event()
    house = House(ScriptedModel([gate, *saying("first")]))
    session_id = await house.session()
    async with house.say(session_id):
        async with house.start_run(session_id, ChatRequest(message="next", if_busy="enqueue")) as waiting:
            await house.cancel_run(session_id, waiting.run.run_id)
        gate.set()

    told = {report.run_id: report for report in await told_of(house, RunReport)}
    ended = told.pop(waiting.run.run_id)
    assert (ended.status, ended.has_turn) == ("cancelled", False)
    assert [report.has_turn for report in told.values()] == [True]


async def test_the_first_piece_is_timed_whatever_it_is() -> None:
    gate = asyncio.Event()
    house = House(ScriptedModel([gate, ModelChunk(thinking="hm"), *saying("so")]))
    session_id = await house.session(model="clever")
    async with house.say(session_id) as started:
        await until(lambda: house.model.open_streams == 1)
        house.clock.advance(1.5)
        gate.set()
        await read_all(started.events)

    assert [each.first_piece_after for each in await told_of(house, QuestionReport)] == [1.5]


async def test_a_failure_is_told_of_under_its_code() -> None:
    house = House(ScriptedModel([ModelServerTimeout("silent")]))
    await chat(house, await house.session())

    (question,) = await told_of(house, QuestionReport)
    (run,) = await told_of(house, RunReport)
    assert question.error_code == run.error_code == "OLLAMA_TIMEOUT"
    assert (run.status, question.first_piece_after, question.answer_tokens) == ("failed", None, None)


async def test_a_fault_of_the_servers_own_is_told_of_too() -> None:
    house = House(ScriptedModel([RuntimeError("broken")]))
    await chat(house, await house.session())

    (question,) = await told_of(house, QuestionReport)
    (run,) = await told_of(house, RunReport)
    assert question.error_code == run.error_code == "INTERNAL_ERROR"


async def test_a_cancel_is_no_failure() -> None:
    house = House(ScriptedModel([ModelChunk("half"), asyncio.Event()]))
    session_id = await house.session()
    async with house.say(session_id) as started:
        await read_until_text(started.events, "half")
        await house.cancel_run(session_id)

    (question,) = await told_of(house, QuestionReport)
    (run,) = await told_of(house, RunReport)
    assert (question.error_code, run.error_code, run.status) == (CUT, None, "cancelled")


async def test_a_run_that_was_ended_before_its_turn_has_ended_like_any_other() -> None:
    house = House(ScriptedModel([asyncio.Event()]))
    session_id = await house.session()
    async with house.say(session_id), house.start_run(session_id, ChatRequest(message="x", if_busy="enqueue")) as next_:
        await house.cancel_run(session_id, next_.run.run_id)
    await told_of(house, RunReport)

    ended = {report.run_id: report.status for report in house.telemetry.ended if isinstance(report, RunReport)}
    assert ended[next_.run.run_id] == "cancelled"
    assert len(ended) == 2


async def test_a_second_tighter_try_is_the_same_question() -> None:
    refusal = PromptTooLong("too long", prompt_tokens=9_000, window=8_192)
    house = House(ScriptedModel([refusal], saying("ok")))
    session_id = await house.session(*(user("many words " * 500), assistant("yes")) * 3)
    await chat(house, session_id)

    (question,) = await told_of(house, QuestionReport)
    assert (question.error_code, question.done_reason) == (None, "stop")
    assert question.num_ctx == house.model.requests[-1].num_ctx


async def test_a_model_that_a_window_had_loaded_anew_is_told_of() -> None:
    end = ModelEnd("stop", 10, 1, 2_000_000_000)
    house = House(ScriptedModel([ModelChunk("ok"), ModelChunk(end=end)]))
    house.catalog.windows = {"plain:latest": 1_024}
    await chat(house, await house.session())

    assert [each.was_reloaded for each in await told_of(house, QuestionReport)] == [True]


async def fail(_: JsonObject) -> str:
    raise ValueError("what it was given")


@pytest.mark.parametrize(("tool", "code"), [("echo", None), ("fail", "TOOL_EXECUTION_FAILED")])
async def test_calls_of_tools_are_told_of_by_their_outcome(tool: str, code: str | None) -> None:
    house = House(
        ScriptedModel(calling(tool, text="hi"), saying("done")), toolbox=FakeToolbox({"echo": echo, "fail": fail})
    )
    settings = ToolSettings(tools=("echo", "fail"), execution_policy="never_confirm")
    await chat(house, await house.session(model="clever", tool_settings=settings))

    assert await told_of(house, ToolReport) == [ToolReport(tool_name=tool, tool_call_id="call_1", error_code=code)]


async def test_a_call_that_a_person_denied_is_told_of() -> None:
    house = House(ScriptedModel(calling("echo", text="hi"), saying("done")), toolbox=FakeToolbox({"echo": echo}))
    session_id = await house.session(model="clever", tool_settings=ToolSettings(tools=("echo",)))
    async with house.say(session_id) as started:
        question = await next_question(started.events)
        await house.confirm_tool(session_id, question.confirmation_id, Decision(approved=False))
        await read_all(started.events)

    denied = ToolReport(tool_name="echo", tool_call_id="call_1", error_code="TOOL_EXECUTION_DENIED")
    assert await told_of(house, ToolReport) == [denied]


async def next_question(events: Follower) -> ConfirmationRequired:
    async with asyncio.timeout(5):
        while True:
            for entry in await events.next():
                if isinstance(entry.event, ConfirmationRequired):
                    return entry.event


async def test_an_agents_work_is_told_of_with_what_it_asks_and_calls() -> None:
    delegating = calling("agent", agent="cook", instruction="Cook soup.")
    house = House(
        ScriptedModel(delegating, saying("Water."), calling("stir", text="it"), saying("Ready."), saying("Enjoy!")),
        agents=FakeAgentStore(skill("cook")),
        agent_toolbox=FakeToolbox({"cook.stir": echo}),
    )
    session_id = await house.session(
        model="clever", tool_settings=ToolSettings(execution_policy="never_confirm"), agents=("cook",)
    )
    await chat(house, session_id)

    (agent,) = await told_of(house, AgentReport)
    questions = await told_of(house, QuestionReport)
    assert (agent.agent_name, agent.model, agent.error_code) == ("cook", "clever", None)
    assert [each.purpose for each in questions] == ["chat", "agent", "agent", "agent", "chat"]
    assert {each.session_id for each in questions} == {session_id, agent.session_id}
    assert [each.tool_name for each in await told_of(house, ToolReport)] == ["cook.stir"]


async def test_a_question_for_a_summary_is_told_of_as_one() -> None:
    text = '{"summary": "They greeted. All went well.", "topics": ["greeting"]}'
    house = House(ScriptedModel(saying(text)), catalog=ScriptedCatalog(PLAIN, CLEVER))
    session_id = await house.session(user("Hello"), assistant("Hi"))
    session = await house.sessions.load(session_id)
    await house.container.summary_desk().make(session, "plain")

    (question,) = await told_of(house, QuestionReport)
    assert (question.purpose, question.model, question.session_id) == ("summary", "plain", session_id)
    assert question.answer_tokens == 1


async def test_each_run_works_under_its_own_ids_also_when_anothers_end_starts_it() -> None:
    seen: list[WorkIds] = []

    async def note(_: JsonObject) -> str:
        seen.append(current_ids())
        return "noted"

    house = House(
        ScriptedModel(calling("note"), saying("a"), calling("note"), saying("b")), toolbox=FakeToolbox({"note": note})
    )
    settings = ToolSettings(tools=("note",), execution_policy="never_confirm")
    session_id = await house.session(model="clever", tool_settings=settings)
    with serving_request("first", session_id, 0.0):
        async with house.say(session_id) as first:
            with serving_request("second", session_id, 0.0):
                request = ChatRequest(message="next", if_busy="enqueue")
                async with house.start_run(session_id, request) as second:
                    await read_all(second.events)

    assert [(ids.request_id, ids.run_id) for ids in seen] == [
        ("first", first.run.run_id),
        ("second", second.run.run_id),
    ]
    assert {ids.session_id for ids in seen} == {session_id}
    assert current_ids() == WorkIds()
