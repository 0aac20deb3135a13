from dataclasses import fields, replace

from domain.message import Message
from domain.session import AgentSettings, SessionOverview, Summary, ToolSettings, overview_of
from tests.unit.histories import LATER, assistant, session, system, user


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
