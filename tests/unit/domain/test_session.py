from dataclasses import fields, replace
from datetime import timedelta

import pytest

from domain.context_window import ContextWindowConfig
from domain.message import Message
from domain.session import (
    AgentSettings,
    Session,
    SessionOverview,
    Summary,
    ToolSettings,
    goes_on_from,
    overview_of,
)
from tests.unit.histories import LATER, assistant, session, system, user

DAY = timedelta(days=1)


def test_an_overview_repeats_the_session() -> None:
    held = replace(
        session(system(), user("Hello"), assistant()),
        updated_at=LATER,
        summary=Summary(summary="Greetings."),
        summary_model="small",
        tool_settings=ToolSettings(tools=("weather",)),
        agent_settings=AgentSettings(enabled_agents=("writer",)),
    )

    overview = overview_of(held)

    repeated = [field.name for field in fields(SessionOverview) if field.name != "preview"]
    assert [getattr(overview, name) for name in repeated] == [getattr(held, name) for name in repeated]


def test_the_preview_is_the_beginning_of_the_first_user_message() -> None:
    def preview(*messages: Message) -> str:
        return overview_of(session(*messages)).preview

    assert preview() == ""
    assert preview(system(), assistant()) == ""
    assert preview(system(), user("First"), user("Second", message_id="00000000b2")) == "First"
    assert preview(user("x" * 101)) == "x" * 100


def test_new_sessions_ask_before_any_tool_runs() -> None:
    assert session().tool_settings.execution_policy == "always_confirm"
    assert session().message_count == 0


OLD = replace(session(user("Hello"), assistant()), updated_at=LATER)


@pytest.mark.parametrize(
    "later",
    [
        OLD,
        replace(OLD, messages=(*OLD.messages, user("More", message_id="00000000b2")), updated_at=LATER + DAY),
        replace(OLD, updated_at=LATER + DAY, summary=Summary(summary="Greetings.")),
        replace(OLD, context_window=ContextWindowConfig(current_window=16384)),
    ],
)
def test_a_session_goes_on_from_what_it_was_before_more_was_said(later: Session) -> None:
    assert goes_on_from(OLD, later)


@pytest.mark.parametrize(
    "later",
    [
        replace(OLD, messages=OLD.messages[:1]),
        replace(OLD, messages=(user("Other"), *OLD.messages[1:], user("More", message_id="00000000b2"))),
        replace(OLD, updated_at=LATER - DAY),
        replace(OLD, model="other"),
        replace(OLD, tool_settings=ToolSettings(tools=("weather",))),
        replace(OLD, extra={"title": "x"}),
        replace(OLD, context_window=ContextWindowConfig(current_window=4096, manual_override=True)),
    ],
)
def test_a_session_does_not_go_on_from_one_that_holds_or_chose_something_else(later: Session) -> None:
    assert not goes_on_from(OLD, later)
