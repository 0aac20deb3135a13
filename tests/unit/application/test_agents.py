"""Agents at work: what they are asked, what is told of them, and what their sessions keep."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from adapters.memory.session_store import MemorySessionStore
from application.ports.language_model import ModelChunk, ModelEnd
from application.ports.run_store import AbandonedRun
from domain.agent import Delegation, UnusableSkill
from domain.agent_prompts import PhasePrompts
from domain.confirmation import Decision
from domain.errors import ConfirmationDecided, ModelServerUnreachable, PromptTooLong, RunFailed
from domain.json_value import JsonObject
from domain.message import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage, UserMessage
from domain.model_card import ModelCard
from domain.run import ChatRequest, PartialAnswer, Run
from domain.run_event import (
    AgentComplete,
    AgentConfirmationRequired,
    AgentExecution,
    AgentPlanning,
    AgentStart,
    AgentToolCall,
    AgentToolResult,
    Done,
    RunEvent,
    RunStart,
    ToolCallBegun,
    ToolResult,
)
from domain.session import ExecutionPolicy, Session, ToolSettings
from tests.fakes.agent_store import FakeAgentStore, skill
from tests.fakes.dead_runs import RunsOfTheDead
from tests.fakes.full_disks import RefusesChanges, RefusesOneResult
from tests.fakes.house import CLEVER, PLAIN, House, names_of, read_all, until
from tests.fakes.scripted_model import ScriptedCatalog, ScriptedModel, Step, saying
from tests.fakes.toolbox import FakeToolbox, Function, echo

CHEF = ModelCard(name="chef", capabilities=frozenset({"completion", "tools"}), context_length=4_096)
YES = Decision(approved=True)


def calling(*calls: ToolCall, saying_first: str = "") -> list[Step]:
    first = [ModelChunk(saying_first)] if saying_first else []
    return [*first, ModelChunk(tool_calls=calls), ModelChunk(end=ModelEnd("stop", 10, 1, 0))]


def call(number: int, text: str = "hi", tool_name: str = "stir") -> ToolCall:
    return ToolCall(call_id=f"call_{number}", tool_name=tool_name, arguments={"text": text})


def delegating(instruction: str = "Cook soup.", agent: str = "cook", call_id: str = "d1", **more: str) -> ToolCall:
    arguments = {"agent": agent, "instruction": instruction, **more}
    return ToolCall(call_id=call_id, tool_name="agent", arguments=arguments)


def house_of(
    *replies: Sequence[Step],
    tools: Mapping[str, Function] | None = None,
    agents: FakeAgentStore | None = None,
    max_agent_iterations: int = 5,
    sessions: MemorySessionStore | None = None,
    agent_sessions: MemorySessionStore | None = None,
) -> House:
    return House(
        ScriptedModel(*replies),
        sessions=sessions,
        agent_sessions=agent_sessions,
        catalog=ScriptedCatalog(PLAIN, CLEVER, CHEF),
        toolbox=FakeToolbox({"echo": echo}),
        agents=agents or FakeAgentStore(skill("cook")),
        agent_toolbox=FakeToolbox(tools or {"cook.stir": echo}),
        max_agent_iterations=max_agent_iterations,
    )


async def session_of(
    house: House,
    policy: ExecutionPolicy = "never_confirm",
    agents: tuple[str, ...] = ("cook",),
    policies: Mapping[str, ExecutionPolicy] | None = None,
) -> str:
    settings = ToolSettings(tools=("echo",), execution_policy=policy, tool_policies=policies or {})
    return await house.session(model="clever", tool_settings=settings, agents=agents)


async def events_of(house: House, session_id: str, text: str = "Soup, please.") -> list[RunEvent]:
    async with house.say(session_id, text) as started:
        return await read_all(started.events)


async def agent_sessions(house: House) -> list[Session]:
    """The oldest first."""
    page = await house.agent_sessions.list_sessions()
    return [await house.agent_sessions.load(each.session_id) for each in reversed(page.sessions)]


def roles_of(messages: Sequence[Message]) -> list[str]:
    return [message.role for message in messages]


def of(kind: type[RunEvent], events: Sequence[RunEvent]) -> list[RunEvent]:
    return [event for event in events if isinstance(event, kind)]


SOUP = (
    calling(delegating()),
    saying("First ", "water."),
    calling(call(1, "water")),
    saying("The soup ", "is ready."),
    saying("Enjoy!"),
)


async def test_an_agent_plans_without_tools_then_acts_and_its_output_goes_back() -> None:
    house = house_of(*SOUP)
    session_id = await session_of(house)

    events = await events_of(house, session_id)

    assert names_of(events) == [
        "run_start", "agent_start", "agent_planning", "agent_planning", "agent_tool_call", "agent_tool_result",
        "agent_execution", "agent_execution", "agent_complete", "tool_continuation_start", "content_delta",
        "message_complete", "done",
    ]  # fmt: skip
    [own] = await agent_sessions(house)
    output = "\n\n".join(
        [
            f"Session ID: {own.session_id}",
            "First water.",
            '[Called `stir` with {"text": "water"}]',
            "[Result of `stir`]\nwater",
            "The soup is ready.",
        ]
    )
    assert events[1] == AgentStart(agent_name="cook", instruction="Cook soup.", session_id=own.session_id)
    assert of(AgentComplete, events) == [AgentComplete(agent_name="cook", session_id=own.session_id, output=output)]
    last = house.model.requests[-1].messages[-1]
    assert isinstance(last, ToolMessage)
    assert (last.tool_name, last.tool_call_id, last.content) == ("agent", "d1", output)


async def test_each_phase_has_its_prompt_for_that_request_alone_and_its_tools() -> None:
    house = house_of(*SOUP)
    session_id = await session_of(house)

    await events_of(house, session_id)

    main, plan, first, second, closing = house.model.requests
    assert [tool.name for tool in main.tools] == ["echo", "agent"]
    assert "- cook: It is the cook." in main.tools[1].description
    assert [[tool.name for tool in each.tools] for each in (plan, first, second)] == [[], ["stir"], ["stir"]]
    assert [each.messages[-1].content for each in (plan, first, second)] == ["Plan now.", "Act now.", "Act now."]
    assert [roles_of(each.messages) for each in (plan, first)] == [
        ["system", "user", "user"],
        ["system", "user", "assistant", "user"],
    ]
    assert plan.messages[0].content == "You cook."
    [own] = await agent_sessions(house)
    assert (own.agent_name, own.model) == ("cook", "clever")
    assert roles_of(own.messages) == ["system", "user", "assistant", "assistant", "tool", "assistant"]
    assert not {"Plan now.", "Act now."} & {message.content for message in own.messages}
    assert len(closing.messages) == 3


async def test_a_first_iteration_without_a_call_is_asked_again_and_a_later_one_ends_it() -> None:
    house = house_of(calling(delegating()), saying("plan"), saying("I will stir."), saying("Done."), saying("Enjoy!"))
    session_id = await session_of(house)

    events = await events_of(house, session_id)

    assert [event.content for event in events if isinstance(event, AgentExecution)] == ["I will stir.", "Done."]
    assert len(house.model.requests) == 5


async def test_after_the_last_iteration_the_agent_stops_with_what_it_has_and_says_so() -> None:
    house = house_of(
        calling(delegating()), saying("plan"), *(calling(call(number)) for number in range(2)), saying("Oh."),
        max_agent_iterations=2,
    )  # fmt: skip
    session_id = await session_of(house)

    events = await events_of(house, session_id)

    [complete] = [event for event in events if isinstance(event, AgentComplete)]
    assert "stopped after 2 iterations" in complete.output
    assert len(of(AgentToolResult, events)) == 2
    assert isinstance(events[-1], Done)
    assert events[-1].status == "completed"


async def test_an_agent_goes_on_in_its_own_session_with_its_prompt_as_it_is_by_then() -> None:
    house = house_of(*SOUP)
    session_id = await session_of(house)
    await events_of(house, session_id)
    [own] = await agent_sessions(house)
    house.agents.skills["cook"] = skill("cook", system_prompt="You bake.")
    again = delegating("More salt.", session_id=own.session_id)
    house.model.reply_next(calling(again), saying("salt"), saying("hm"), saying("Salted."), saying("There."))

    events = await events_of(house, session_id)

    [same] = await agent_sessions(house)
    assert roles_of(same.messages)[6:] == ["user", "assistant", "assistant", "assistant"]
    assert same.messages[0].content == "You bake."
    assert [message.content for message in same.messages if isinstance(message, SystemMessage)] == ["You bake."]
    [complete] = [event for event in events if isinstance(event, AgentComplete)]
    assert "First water." not in complete.output, "only what came since the instruction"
    assert "Salted." in complete.output


async def test_no_agent_goes_on_in_the_session_of_another_or_in_a_chat() -> None:
    house = house_of(
        *SOUP, agents=FakeAgentStore(skill("cook"), skill("judge")), tools={"cook.stir": echo, "judge.rate": echo}
    )
    session_id = await session_of(house, agents=("cook", "judge"))
    await events_of(house, session_id)
    [own] = await agent_sessions(house)
    for wrong in (own.session_id, session_id, "0123456789", "../../x", "not an id"):
        house.model.reply_next(calling(delegating("Rate it.", agent="judge", session_id=wrong)), saying("Hm."))

        events = await events_of(house, session_id)

        [result] = [event for event in events if isinstance(event, ToolResult)]
        assert (result.success, result.error_code) == (False, "VALIDATION_ERROR")
        assert "session_id" in (result.error_message or "")
        assert not of(AgentStart, events)
    assert await agent_sessions(house) == [own]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({}, "agent"),
        ({"agent": "nobody", "instruction": "x"}, "`cook`"),
        ({"agent": 5, "instruction": "x"}, "agent"),
        ({"agent": "cook"}, "instruction"),
        ({"agent": "cook", "instruction": "  "}, "instruction"),
        ({"agent": "cook", "instruction": ["x"]}, "instruction"),
        ({"agent": "cook", "instruction": "x", "session_id": 7}, "session_id"),
    ],
)
async def test_a_delegation_that_makes_no_sense_goes_back_to_the_model(arguments: JsonObject, word: str) -> None:
    house = house_of(calling(ToolCall(call_id="d", tool_name="agent", arguments=arguments)), saying("Sorry."))
    session_id = await session_of(house)

    events = await events_of(house, session_id)

    [result] = [event for event in events if isinstance(event, ToolResult)]
    assert result.error_code == "VALIDATION_ERROR"
    assert word in (result.error_message or "")
    assert not await agent_sessions(house)


async def test_a_session_without_agents_is_offered_none_and_none_ever_works() -> None:
    house = house_of(calling(delegating()), saying("Sorry."))
    session_id = await session_of(house, agents=())

    events = await events_of(house, session_id)

    assert [tool.name for tool in house.model.requests[0].tools] == ["echo"]
    [result] = [event for event in events if isinstance(event, ToolResult)]
    assert result.error_code == "TOOL_NOT_FOUND"


async def test_a_tool_of_the_name_agent_is_a_tool_unless_agents_are_enabled() -> None:
    house = house_of(calling(call(1, "mine", tool_name="agent")), saying("ok"), *SOUP)
    house.toolbox.functions["agent"] = echo
    settings = ToolSettings(tools=("agent",), execution_policy="never_confirm")
    plain = await house.session(model="clever", tool_settings=settings)
    with_agents = await house.session(model="clever", tool_settings=settings, agents=("cook",))

    first, second = await events_of(house, plain), await events_of(house, with_agents)

    assert [event.result for event in first if isinstance(event, ToolResult)] == ["mine"]
    assert len(of(AgentComplete, second)) == 1


async def test_an_agent_cannot_delegate() -> None:
    house = house_of(
        calling(delegating()), saying("plan"), calling(delegating("You do it.")), saying("Well."), saying(".")
    )
    session_id = await session_of(house)

    events = await events_of(house, session_id)

    [result] = [event for event in events if isinstance(event, AgentToolResult)]
    assert "no tool `agent`" in (result.error_message or "")
    assert len(of(AgentStart, events)) == 1


async def test_several_agents_work_one_after_the_other_and_tools_beside_them_in_their_order() -> None:
    replies = [
        calling(delegating("A"), call(2, "between", tool_name="echo"), delegating("B", call_id="d3")),
        saying("plan A"), saying("a"), saying("A done"),
        saying("plan B"), saying("b"), saying("B done"),
        saying("Both."),
    ]  # fmt: skip
    house = house_of(*replies)
    session_id = await session_of(house)

    events = await events_of(house, session_id)

    told = [event.name for event in events if not isinstance(event, AgentPlanning | AgentExecution)]
    assert told[1:7] == [
        "agent_start", "agent_complete", "tool_call", "tool_result", "agent_start", "agent_complete",
    ]  # fmt: skip
    results = [message for message in await house.messages(session_id) if isinstance(message, ToolMessage)]
    assert [result.tool_call_id for result in results] == ["d1", "call_2", "d3"]
    assert len(await agent_sessions(house)) == 2


@pytest.mark.parametrize(
    ("policies", "is_asked"),
    [
        ({}, False),
        ({"stir": "always_confirm"}, True),
        ({"cook.stir": "always_confirm"}, True),
        ({"stir": "always_confirm", "cook.stir": "never_confirm"}, False),
    ],
)
async def test_an_agents_tools_obey_the_sessions_policies_also_by_their_full_name(
    policies: dict[str, ExecutionPolicy], is_asked: bool
) -> None:
    house = house_of(*SOUP)
    session_id = await session_of(house, policies=policies)
    async with house.say(session_id) as started:
        if is_asked:
            await until(lambda: bool(house.supervisor.runs_of(session_id)[0].run.open_questions))
            [question] = house.supervisor.runs_of(session_id)[0].run.open_questions
            assert (question.agent_name, question.tool_name) == ("cook", "stir")
            await house.confirm_tool(session_id, question.confirmation_id, YES)
        events = await read_all(started.events)

    asked = [event for event in events if isinstance(event, AgentConfirmationRequired)]
    assert [event.agent_name for event in asked] == (["cook"] if is_asked else [])
    assert len(of(AgentToolCall, events)) == (0 if is_asked else 1)
    assert [event.result for event in events if isinstance(event, AgentToolResult)] == ["water"]


async def test_a_denied_call_of_an_agent_does_not_run_and_changed_arguments_are_checked() -> None:
    house = house_of(
        calling(delegating()), saying("plan"), calling(call(1, "a"), call(2, "b")), saying("Done."), saying("Enjoy!")
    )
    session_id = await session_of(house, "always_confirm")
    async with house.say(session_id) as started:
        await until(lambda: len(house.supervisor.runs_of(session_id)[0].run.open_questions) == 2)
        first, second = house.supervisor.runs_of(session_id)[0].run.open_questions
        await house.confirm_tool(session_id, first.confirmation_id, Decision(approved=False, reason="too hot"))
        with pytest.raises(Exception, match="text"):
            await house.confirm_tool(
                session_id, second.confirmation_id, Decision(approved=True, arguments={"wrong": 1})
            )
        changed = Decision(approved=True, arguments={"text": "c"})
        await house.confirm_tool(session_id, second.confirmation_id, changed)
        events = await read_all(started.events)

    results = [event for event in events if isinstance(event, AgentToolResult)]
    assert [event.success for event in results] == [False, True]
    assert "too hot" in (results[0].error_message or "")
    assert [arguments for _, arguments in house.agent_toolbox.calls] == [{"text": "c"}]
    [own] = await agent_sessions(house)
    assert "changed the arguments" in own.messages[5].content


async def test_delegating_itself_asks_only_where_a_policy_says_so() -> None:
    house = house_of(*SOUP)
    session_id = await session_of(house, policies={"agent": "always_confirm"})
    async with house.say(session_id) as started:
        await until(lambda: bool(house.supervisor.runs_of(session_id)[0].run.open_questions))
        [question] = house.supervisor.runs_of(session_id)[0].run.open_questions
        assert (question.agent_name, question.tool_name) == (None, "agent")
        wrong = Decision(approved=True, arguments={"agent": "nobody", "instruction": "x"})
        with pytest.raises(Exception, match="must be one of"):
            await house.confirm_tool(session_id, question.confirmation_id, wrong)
        changed = Decision(approved=True, arguments={"agent": "cook", "instruction": "Cook rice."})
        await house.confirm_tool(session_id, question.confirmation_id, changed)
        events = await read_all(started.events)

    [start] = [event for event in events if isinstance(event, AgentStart)]
    assert start.instruction == "Cook rice."


async def test_a_denied_delegation_is_a_result_like_any_other() -> None:
    house = house_of(calling(delegating()), saying("Never mind."))
    session_id = await session_of(house, policies={"agent": "always_confirm"})
    async with house.say(session_id) as started:
        await until(lambda: bool(house.supervisor.runs_of(session_id)[0].run.open_questions))
        [question] = house.supervisor.runs_of(session_id)[0].run.open_questions
        await house.confirm_tool(session_id, question.confirmation_id, Decision(approved=False))
        events = await read_all(started.events)

    assert [event.error_code for event in events if isinstance(event, ToolResult)] == ["TOOL_EXECUTION_DENIED"]
    assert not of(AgentStart, events)


async def test_the_agents_own_model_is_asked_where_it_is_there() -> None:
    house = house_of(*SOUP, agents=FakeAgentStore(skill("cook", model="chef")))
    session_id = await session_of(house)

    await events_of(house, session_id)

    assert [request.model for request in house.model.requests] == ["clever", "chef", "chef", "chef", "clever"]


@pytest.mark.parametrize(("model", "reason"), [("gone", "not installed"), ("plain", "cannot use tools")])
async def test_an_agents_model_that_cannot_be_used_falls_back_and_says_so(model: str, reason: str) -> None:
    house = house_of(*SOUP, agents=FakeAgentStore(skill("cook", model=model)))
    session_id = await session_of(house)

    events = await events_of(house, session_id)

    assert {request.model for request in house.model.requests} == {"clever"}
    assert isinstance(events[0], RunStart)
    assert reason in events[0].warnings[0]
    [complete] = [event for event in events if isinstance(event, AgentComplete)]
    assert f"`{model}` {reason}" in complete.output or reason in complete.output


async def test_a_broken_agent_is_not_offered_and_the_run_says_why() -> None:
    agents = FakeAgentStore(skill("cook"), UnusableSkill(name="burnt", reason="It has no SKILL.md."))
    house = house_of(saying("Hello."), agents=agents)
    session_id = await session_of(house, agents=("burnt", "gone"))

    events = await events_of(house, session_id)

    assert isinstance(events[0], RunStart)
    assert "`burnt` cannot be used" in events[0].warnings[0]
    assert "`gone` is not on this server" in events[0].warnings[1]
    assert [tool.name for tool in house.model.requests[0].tools] == ["echo"]


async def test_a_cancel_reaches_the_agent_whose_session_keeps_what_it_wrote() -> None:
    hang = asyncio.Event()
    house = house_of(calling(delegating()), saying("plan"), [ModelChunk("I begin"), hang])
    session_id = await session_of(house)
    async with house.say(session_id) as started:
        await until(lambda: len(house.model.requests) == 3 and "I begin" in _agent_text(house, session_id))
        await house.cancel_run(session_id)
        events = await read_all(started.events)

    assert isinstance(events[-1], Done)
    assert events[-1].status == "cancelled"
    assert house.model.open_streams == 0
    [own] = await agent_sessions(house)
    last = own.messages[-1]
    assert isinstance(last, AssistantMessage)
    assert (last.content, last.done_reason) == ("I begin", "cancelled")
    [complete] = [event for event in events if isinstance(event, AgentComplete)]
    assert complete.session_id == own.session_id
    assert roles_of(await house.messages(session_id)) == ["user", "assistant", "tool"]
    assert own.session_id in (await house.messages(session_id))[-1].content


async def test_an_agents_tool_at_work_is_ended_by_a_cancel_and_its_call_closed() -> None:
    left = asyncio.Event()

    async def simmer(_: JsonObject) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        return ""

    house = house_of(calling(delegating()), saying("plan"), calling(call(1)), tools={"cook.stir": simmer})
    session_id = await session_of(house)
    async with house.say(session_id) as started:
        await until(lambda: bool(house.agent_toolbox.calls))
        await house.cancel_run(session_id)
        await read_all(started.events)

    assert left.is_set()
    [own] = await agent_sessions(house)
    assert isinstance(own.messages[-1], ToolMessage)
    [execution] = house.container.executions().latest()
    assert execution.tool_name == "cook.stir"


async def test_the_last_reader_who_leaves_ends_the_agent_too() -> None:
    house = house_of(*SOUP)
    session_id = await session_of(house, "always_confirm")
    async with house.say(session_id):
        await until(lambda: bool(house.supervisor.runs_of(session_id)[0].run.open_questions))
        handle = house.supervisor.runs_of(session_id)[0]
    await asyncio.shield(handle.ended)

    assert handle.run.status == "cancelled"
    [own] = await agent_sessions(house)
    assert isinstance(own.messages[-1], ToolMessage)
    assert not house.agent_toolbox.calls


async def test_a_failure_of_the_models_server_ends_the_run_and_the_agents_text_is_kept() -> None:
    broken: list[Step] = [ModelChunk("Half"), ModelServerUnreachable("http://x")]
    house = house_of(calling(delegating()), saying("plan"), broken)
    session_id = await session_of(house)

    events = await events_of(house, session_id)

    assert names_of(events)[-3:] == ["agent_complete", "error", "done"]
    [own] = await agent_sessions(house)
    last = own.messages[-1]
    assert isinstance(last, AssistantMessage)
    assert (last.content, last.done_reason) == ("Half", "error")
    house.model.reply_next(saying("Again."))
    assert names_of(await events_of(house, session_id))[-1] == "done"


async def test_a_report_that_could_not_be_stored_at_first_is_stored_and_told_as_it_was() -> None:
    sessions = RefusesOneResult()
    house = house_of(*SOUP, sessions=sessions)
    session_id = await session_of(house)

    events = await events_of(house, session_id)

    assert (sessions.refused, names_of(events)[-3:]) == (1, ["agent_complete", "error", "done"])
    assert not of(ToolResult, events)
    [complete] = [event for event in events if isinstance(event, AgentComplete)]
    assert "The soup is ready." in complete.output
    assert (await house.messages(session_id))[-1].content == complete.output


async def test_an_agent_that_outgrows_its_window_says_so_and_the_run_goes_on() -> None:
    too_long = PromptTooLong("too long", prompt_tokens=9_000, window=8_192)
    house = house_of(calling(delegating()), saying("plan"), [too_long], saying("A pity."))
    session_id = await session_of(house)

    events = await events_of(house, session_id)

    [complete] = [event for event in events if isinstance(event, AgentComplete)]
    assert "could not go on" in complete.output
    assert isinstance(events[-1], Done)
    assert events[-1].status == "completed"


async def test_where_nobody_can_be_asked_the_chat_is_as_before_and_the_error_names_what_ran() -> None:
    house = house_of(
        calling(delegating()), saying("plan"), calling(call(1)), calling(call(2, tool_name="pour")),
        tools={"cook.stir": echo, "cook.pour": echo},
    )  # fmt: skip
    session_id = await session_of(house, policies={"cook.pour": "always_confirm"})
    before = await house.sessions.load(session_id)

    with pytest.raises(RunFailed) as failed:
        await house.answer_chat(session_id, ChatRequest(message="Soup!"))

    assert failed.value.code == "TOOL_CONFIRMATION_REQUIRED"
    executed = failed.value.details["tool_calls_executed"]
    assert isinstance(executed, list)
    assert [each["tool_name"] for each in executed] == ["cook.stir"]
    assert (await house.sessions.load(session_id)).messages == before.messages
    [own] = await agent_sessions(house)
    assert isinstance(own.messages[-1], ToolMessage)


async def test_one_session_of_an_agent_is_worked_in_by_one_run_at_a_time() -> None:
    house = house_of(*SOUP)
    first = await session_of(house)
    await events_of(house, first)
    [own] = await agent_sessions(house)
    hang = asyncio.Event()
    again = delegating("More.", session_id=own.session_id)
    house.model.reply_next(calling(again), [hang, *saying("plan")])
    second = await session_of(house)
    async with house.say(first) as started:
        await until(lambda: len(house.model.requests) == 7)
        house.model.reply_next(calling(again), saying("Later."))
        events = await events_of(house, second)
        house.model.reply_next(saying("x"), saying("y"), saying("z"))
        hang.set()
        await read_all(started.events)

    [result] = [event for event in events if isinstance(event, ToolResult)]
    assert "at this moment" in (result.error_message or "")


async def test_the_plan_holds_no_call_whatever_the_model_says() -> None:
    plan = calling(call(1), saying_first="plan")
    house = house_of(calling(delegating()), plan, saying("hm"), saying("Done."), saying("Enjoy!"))
    session_id = await session_of(house)

    await events_of(house, session_id)

    [own] = await agent_sessions(house)
    assert roles_of(own.messages) == ["system", "user", "assistant", "assistant", "assistant"]
    assert not house.agent_toolbox.calls


async def test_prompts_of_the_phases_are_read_with_each_delegation() -> None:
    house = house_of(*SOUP)
    house.agents.prompts = PhasePrompts(planning="Think.", execution="Do.")
    session_id = await session_of(house)

    await events_of(house, session_id)

    assert [request.messages[-1].content for request in house.model.requests[1:4]] == ["Think.", "Do.", "Do."]


async def test_only_the_chats_own_tools_are_begun_as_its_own() -> None:
    house = house_of(*SOUP)
    session_id = await session_of(house)

    events = await events_of(house, session_id)

    assert not of(ToolCallBegun, events)
    assert not of(ToolResult, events)
    assert [message.content for message in await house.messages(session_id) if isinstance(message, UserMessage)] == [
        "Soup, please."
    ]


def _agent_text(house: House, session_id: str) -> str:
    draft = house.supervisor.runs_of(session_id)[0].agent_draft
    return draft.content if draft else ""


async def stop_while_asking(*replies: Sequence[Step], policies: Mapping[str, ExecutionPolicy]) -> tuple[House, str]:
    """A house that was stopped while a question was open, and its session."""
    house = house_of(*replies)
    session_id = await session_of(house, policies=policies)
    async with house.start_run(session_id, ChatRequest(message="Soup!", on_disconnect="continue")):
        await until(lambda: bool(house.supervisor.runs_of(session_id)[0].run.open_questions))
        await house.supervisor.stop()
    return house, session_id


async def answer_after_restart(house: House, session_id: str, *replies: Sequence[Step]) -> tuple[House, list[RunEvent]]:
    [run] = await house.runs.list_runs(session_id)
    after = House(
        ScriptedModel(*replies),
        catalog=house.catalog,
        sessions=house.sessions,
        runs=house.runs,
        agents=house.agents,
        agent_toolbox=house.agent_toolbox,
        agent_sessions=house.agent_sessions,
        toolbox=house.toolbox,
        ids=house.ids,
    )
    await after.supervisor.resume(run)
    async with after.follow_run(session_id, None) as followed:
        [snapshot] = await followed.events.next()
        assert snapshot.event.name == "snapshot"
        await after.confirm_tool(session_id, run.open_questions[0].confirmation_id, YES)
        return after, await read_all(followed.events)


async def test_an_agents_question_outlives_its_server_and_the_agent_goes_on_where_it_was() -> None:
    house, session_id = await stop_while_asking(*SOUP, policies={"stir": "always_confirm"})
    [own] = await agent_sessions(house)
    assert roles_of(own.messages) == ["system", "user", "assistant", "assistant"]

    after, events = await answer_after_restart(house, session_id, saying("The soup."), saying("Enjoy!"))

    assert names_of(events) == [
        "agent_tool_result", "agent_execution", "agent_complete", "tool_continuation_start",
        "content_delta", "message_complete", "done",
    ]  # fmt: skip
    assert [arguments for _, arguments in house.agent_toolbox.calls] == [{"text": "water"}]
    [same] = await agent_sessions(after)
    assert roles_of(same.messages) == ["system", "user", "assistant", "assistant", "tool", "assistant"]
    assert roles_of(await after.messages(session_id)) == ["user", "assistant", "tool", "assistant"]


async def test_an_agent_that_writes_while_another_question_is_open_goes_on_with_its_text_kept() -> None:
    hang = asyncio.Event()
    two = calling(delegating(), call(2, "mine", tool_name="echo"))
    house = house_of(two, saying("plan"), [ModelChunk("I beg"), hang])
    session_id = await session_of(house, policies={"echo": "always_confirm"})
    async with house.start_run(session_id, ChatRequest(message="Soup!", on_disconnect="continue")):
        await until(lambda: "I beg" in _agent_text(house, session_id))
        await house.supervisor.stop()
    [own] = await agent_sessions(house)
    assert own.messages[-1].content == "I beg"

    after, events = await answer_after_restart(house, session_id, saying("Done."), saying("Really."), saying("Enjoy!"))

    assert [event.name for event in events if isinstance(event, AgentComplete | ToolResult)] == [
        "agent_complete", "tool_result",
    ]  # fmt: skip
    results = [message for message in await after.messages(session_id) if isinstance(message, ToolMessage)]
    assert [result.tool_call_id for result in results] == ["d1", "call_2"]
    assert "I beg" in results[0].content


async def test_an_agent_that_is_gone_after_a_restart_is_done_and_the_run_goes_on() -> None:
    house, session_id = await stop_while_asking(*SOUP, policies={"stir": "always_confirm"})
    [run] = await house.runs.list_runs(session_id)
    house.agents.skills.clear()

    after = await killed_run(house, run, saying("A pity."))
    await until(lambda: not after.supervisor.runs_of(session_id))

    [ended] = await after.list_runs(session_id)
    assert ended.status == "completed"
    with pytest.raises(ConfirmationDecided):
        await after.confirm_tool(session_id, run.open_questions[0].confirmation_id, YES)
    results = [message.content for message in await after.messages(session_id) if isinstance(message, ToolMessage)]
    assert "no agent of this name" in results[0]
    [own] = await agent_sessions(after)
    assert isinstance(own.messages[-1], ToolMessage), "its history is whole"


async def test_an_agent_that_asked_does_not_go_on_where_the_chat_did_without_it() -> None:
    house, session_id = await stop_while_asking(*SOUP, policies={"stir": "always_confirm"})
    [run] = await house.runs.list_runs(session_id)
    between = House(ScriptedModel(saying("Bread, then.")), sessions=house.sessions, ids=house.ids)
    await between.answer_chat(session_id, ChatRequest(message="Something else."))
    before = await between.messages(session_id)

    after = await killed_run(house, run)

    assert after.supervisor.all_runs() == []
    assert after.model.requests == []
    assert await after.messages(session_id) == before
    assert [each.status for each in await after.list_runs(session_id)] == ["interrupted"]


async def test_a_killed_servers_agent_keeps_its_text_and_its_calls_are_closed() -> None:
    hang = asyncio.Event()
    house = house_of(calling(delegating()), saying("plan"), [ModelChunk("I begin"), hang])
    session_id = await session_of(house)
    async with house.say(session_id):
        await until(lambda: "I begin" in _agent_text(house, session_id))
        handle = house.supervisor.runs_of(session_id)[0]
        runs = RunsOfTheDead()
        runs.left_behind = [AbandonedRun(run=handle.run, partial=handle.unflushed())]
        after = House(sessions=house.sessions, runs=runs, agent_sessions=house.agent_sessions, ids=house.ids)
        await after.recover()
        [run] = await after.list_runs(session_id)
        assert run.status == "interrupted"
        [own] = await agent_sessions(after)
        last = own.messages[-1]
        assert isinstance(last, AssistantMessage)
        assert (last.content, last.done_reason) == ("I begin", "interrupted")
        assert roles_of(await after.messages(session_id)) == ["user", "assistant", "tool"]


async def test_it_keeps_its_text_too_where_another_server_went_on_in_the_chat_before_the_start() -> None:
    hang = asyncio.Event()
    house = house_of(calling(delegating()), saying("plan"), [ModelChunk("I begin"), hang])
    session_id = await session_of(house)
    async with house.say(session_id):
        await until(lambda: "I begin" in _agent_text(house, session_id))
        between = House(ScriptedModel(saying("Bread, then.")), sessions=house.sessions, ids=house.ids)
        await between.answer_chat(session_id, ChatRequest(message="Something else."))
        chat = await between.messages(session_id)

        after = await killed(house, session_id)

        [own] = await agent_sessions(after)
        last = own.messages[-1]
        assert isinstance(last, AssistantMessage)
        assert (last.content, last.done_reason) == ("I begin", "interrupted")
        assert await after.messages(session_id) == chat
        assert [run.status for run in await after.list_runs(session_id)] == ["interrupted"]


async def test_where_that_text_finds_no_room_the_run_stays_for_the_next_start() -> None:
    hang = asyncio.Event()
    agents = RefusesChanges()
    house = house_of(calling(delegating()), saying("plan"), [ModelChunk("I begin"), hang], agent_sessions=agents)
    session_id = await session_of(house)
    async with house.say(session_id):
        await until(lambda: "I begin" in _agent_text(house, session_id))
        between = House(ScriptedModel(saying("Bread, then.")), sessions=house.sessions, ids=house.ids)
        await between.answer_chat(session_id, ChatRequest(message="Something else."))
        agents.is_full = True

        after = await killed(house, session_id)

        assert await after.list_runs(session_id) == []
        agents.is_full = False
        await after.recover()
        [own] = await agent_sessions(after)
        assert own.messages[-1].content == "I begin"
        assert [run.status for run in await after.list_runs(session_id)] == ["interrupted"]


async def killed(house: House, session_id: str, *replies: Sequence[Step]) -> House:
    """The next start of the server after this one was killed, with what it had flushed."""
    handle = house.supervisor.runs_of(session_id)[0]
    return await killed_run(house, handle.run, *replies, partial=handle.unflushed())


async def killed_run(house: House, run: Run, *replies: Sequence[Step], partial: PartialAnswer | None = None) -> House:
    runs = RunsOfTheDead()
    runs.left_behind = [AbandonedRun(run=run, partial=partial)]
    after = House(
        ScriptedModel(*replies),
        catalog=house.catalog,
        sessions=house.sessions,
        runs=runs,
        agents=house.agents,
        agent_toolbox=house.agent_toolbox,
        agent_sessions=house.agent_sessions,
        toolbox=house.toolbox,
        ids=house.ids,
    )
    await after.recover()
    return after


async def test_changed_arguments_of_a_delegation_that_had_begun_still_count_after_a_crash() -> None:
    two = calling(delegating("Cook soup."), call(2, "mine", tool_name="echo"))
    house = house_of(two)
    session_id = await session_of(house, policies={"agent": "always_confirm", "echo": "always_confirm"})
    async with house.start_run(session_id, ChatRequest(message="Soup!", on_disconnect="continue")):
        await until(lambda: len(house.supervisor.runs_of(session_id)[0].run.open_questions) == 2)
        handle = house.supervisor.runs_of(session_id)[0]
        first, second = handle.run.open_questions
        changed = first.decided(Decision(approved=True, arguments={"agent": "cook", "instruction": "Only rice."}))
        handle.run = handle.run.with_confirmation(replace(changed, state="started"))

        after = await killed(house, session_id, saying("p"), saying("q"), saying("Rice."), saying("Enjoy!"))

        async with after.follow_run(session_id, None) as followed:
            await after.confirm_tool(session_id, second.confirmation_id, YES)
            await read_all(followed.events)
        [own] = await agent_sessions(after)
        assert "Only rice." in [message.content for message in own.messages]
        assert "changed the arguments" in (await after.messages(session_id))[2].content


async def test_a_delegation_that_has_its_result_is_over_whatever_the_record_says() -> None:
    two = calling(delegating(), call(2, "mine", tool_name="echo"))
    house = house_of(two, saying("plan"), saying("hm"), saying("Done."))
    session_id = await session_of(house, policies={"echo": "always_confirm"})
    async with house.start_run(session_id, ChatRequest(message="Soup!", on_disconnect="continue")):
        handle = house.supervisor.runs_of(session_id)[0]
        await until(lambda: len(handle.executed) == 1)
        [own] = await agent_sessions(house)
        stale = Delegation(call_index=0, tool_call_id="d1", agent_name="cook", session_id=own.session_id)
        handle.run = replace(handle.run, delegation=stale)

        again = (calling(delegating("More.")), saying("p"), saying("q"), saying("Salted."), saying("Enjoy!"))
        after = await killed(house, session_id, *again)

        async with after.follow_run(session_id, None) as followed:
            await after.confirm_tool(session_id, handle.run.open_questions[0].confirmation_id, YES)
            events = await read_all(followed.events)
        assert [event.instruction for event in events if isinstance(event, AgentStart)] == ["More."]
        assert len(await agent_sessions(after)) == 2


async def test_the_text_of_an_agent_that_is_done_never_lands_in_the_session_of_another() -> None:
    hang = asyncio.Event()
    agents = FakeAgentStore(skill("cook"), skill("baker"))
    replies: list[list[Step]] = [
        calling(delegating("A"), delegating("B", agent="baker", call_id="d2")),
        *(saying("plan A"), saying("a"), saying("A's last word")),
        [hang],
    ]
    house = house_of(*replies, agents=agents, tools={"cook.stir": echo, "baker.stir": echo})
    session_id = await session_of(house, agents=("cook", "baker"))
    async with house.say(session_id):
        await until(lambda: len(house.model.requests) == 5)
        cooks, bakers = sorted(await agent_sessions(house), key=lambda own: own.agent_name != "cook")
        handle = house.supervisor.runs_of(session_id)[0]
        last = cooks.messages[-1]
        assert isinstance(last, AssistantMessage)
        partial = PartialAnswer(session_id=cooks.session_id, run_id=handle.run.run_id, message=last)
        runs = RunsOfTheDead()
        runs.left_behind = [AbandonedRun(run=handle.run, partial=partial)]
        after = House(sessions=house.sessions, runs=runs, agent_sessions=house.agent_sessions, ids=house.ids)
        await after.recover()

        assert roles_of((await after.agent_sessions.load(bakers.session_id)).messages) == ["system", "user"]
        assert (await after.agent_sessions.load(cooks.session_id)).messages == cooks.messages
        results = [message.content for message in await after.messages(session_id) if isinstance(message, ToolMessage)]
        assert bakers.session_id in results[1], "it says how to go on"


async def test_calls_of_an_agent_that_were_made_at_once_are_not_made_again() -> None:
    begun: list[str] = []

    async def hang(arguments: JsonObject) -> str:
        begun.append(str(arguments["text"]))
        await asyncio.Event().wait()
        return ""

    two = calling(delegating(), call(9, "mine", tool_name="echo"))
    house = house_of(two, saying("plan"), calling(call(1, "a"), call(2, "b")), tools={"cook.stir": hang})
    session_id = await session_of(house, policies={"echo": "always_confirm"})
    async with house.start_run(session_id, ChatRequest(message="Soup!", on_disconnect="continue")):
        await until(lambda: begun == ["a", "b"])
        [question] = house.supervisor.runs_of(session_id)[0].run.open_questions

        after = await killed(house, session_id, saying("Done."), saying("Really."), saying("Enjoy!"))

        async with after.follow_run(session_id, None) as followed:
            await after.confirm_tool(session_id, question.confirmation_id, YES)
            await read_all(followed.events)
        assert begun == ["a", "b"]
        [own] = await agent_sessions(after)
        results = [message.content for message in own.messages if isinstance(message, ToolMessage)]
        assert len(results) == 2
        assert all("not known" in result for result in results)


async def test_a_plan_that_was_cut_is_made_anew() -> None:
    hang = asyncio.Event()
    two = calling(delegating(), call(2, "mine", tool_name="echo"))
    house = house_of(two, [ModelChunk("Half a pl"), hang])
    session_id = await session_of(house, policies={"echo": "always_confirm"})
    async with house.start_run(session_id, ChatRequest(message="Soup!", on_disconnect="continue")):
        await until(lambda: "Half" in _agent_text(house, session_id))
        await house.supervisor.stop()

    replies = (saying("A whole plan."), saying("hm"), saying("Done."), saying("Enjoy!"))
    after, _ = await answer_after_restart(house, session_id, *replies)

    [own] = await agent_sessions(after)
    assert [message.content for message in own.messages if isinstance(message, AssistantMessage)] == [
        "Half a pl", "A whole plan.", "hm", "Done.",
    ]  # fmt: skip
    assert after.model.requests[0].tools == ()


async def test_long_results_are_shortened_in_the_report_and_whole_in_the_session() -> None:
    house = house_of(calling(delegating()), saying("p"), calling(call(1, "x" * 9_000)), saying("Done."), saying("Ok."))
    session_id = await session_of(house)

    events = await events_of(house, session_id)

    [complete] = [event for event in events if isinstance(event, AgentComplete)]
    assert len(complete.output) < 3_500
    assert "9000 characters" in complete.output
    [own] = await agent_sessions(house)
    assert own.messages[4].content == "x" * 9_000


async def test_an_agent_that_fails_in_a_way_that_nobody_foresaw_is_told_to_be_done_too() -> None:
    class Broken(FakeAgentStore):
        async def phase_prompts(self) -> PhasePrompts:
            raise RuntimeError("a bug")

    house = house_of(calling(delegating()), agents=Broken(skill("cook")))
    session_id = await session_of(house)

    events = await events_of(house, session_id)

    assert names_of(events) == ["run_start", "agent_start", "agent_complete", "error", "done"]
    assert roles_of(await house.messages(session_id)) == ["user", "assistant", "tool"]
