"""A run waits for as long as the history ends with what it asked about."""

from dataclasses import replace

import pytest

from domain.agent import Delegation
from domain.confirmation import Confirmation, ConfirmationState
from domain.message import Message
from domain.run import ChatRequest, Run
from domain.waiting_run import still_waits
from tests.unit.histories import AT, assistant, call, result, user

ASKING = assistant(calls=(call("x"), call("y")))


def question(state: ConfirmationState = "pending", *, index: int = 1, agent_name: str | None = None) -> Confirmation:
    return Confirmation(
        confirmation_id="00000000f1",
        tool_name="weather",
        arguments={},
        call_index=index,
        tool_call_id="xy"[index],
        created_at=AT,
        agent_name=agent_name,
        state=state,
    )


def waiting(*questions: Confirmation) -> Run:
    """A run that asked about calls of `ASKING`."""
    return Run(
        run_id="00000000000000aa",
        session_id="00000000ff",
        status="awaiting_confirmation",
        created_at=AT,
        message_id=ASKING.message_id,
        confirmations=questions,
        request=ChatRequest(on_disconnect="continue"),
    )


@pytest.mark.parametrize(
    ("messages", "waits"),
    [
        ((user(), ASKING), True),
        ((user(), ASKING, result("x")), True),
        ((user(), ASKING, result("x"), result("y")), False),
        ((user(), ASKING, result("x"), user()), False),
        ((user(), ASKING, result("x"), result("y"), assistant(message_id="00000000c2")), False),
        ((user(), replace(ASKING, message_id="00000000c2")), False),
        ((user(),), False),
        ((), False),
    ],
)
def test_a_call_that_was_asked_about_is_waited_for_until_it_has_a_result(
    messages: tuple[Message, ...], waits: bool
) -> None:
    assert still_waits(waiting(question()), messages) == waits


@pytest.mark.parametrize(
    ("state", "waits"), [("pending", True), ("approved", True), ("denied", False), ("started", False), ("done", False)]
)
def test_a_question_is_waited_with_until_its_call_begins(state: ConfirmationState, waits: bool) -> None:
    assert still_waits(waiting(question(state)), (user(), ASKING)) == waits


def test_a_question_about_a_call_that_has_its_result_is_none_to_wait_with() -> None:
    assert not still_waits(waiting(question(index=0)), (user(), ASKING, result("x")))


def test_an_agents_question_waits_with_its_delegation() -> None:
    asked_by_agent = waiting(question(agent_name="cook"))
    delegation = Delegation(call_index=0, tool_call_id="x", agent_name="cook", session_id="00000000fe")
    delegating = replace(asked_by_agent, delegation=delegation)

    assert not still_waits(asked_by_agent, (user(), ASKING))
    assert still_waits(delegating, (user(), ASKING))
    assert not still_waits(delegating, (user(), ASKING, result("x")))


def test_a_run_that_ended_or_that_goes_with_its_readers_waits_no_more() -> None:
    run = waiting(question())

    assert not still_waits(replace(run, status="cancelled"), (user(), ASKING))
    assert not still_waits(replace(run, request=ChatRequest(on_disconnect="cancel")), (user(), ASKING))
