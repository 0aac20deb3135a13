import pytest

from application.use_cases.create_session import CreateSession, NewSession
from domain.context_window import WindowChoice
from domain.errors import (
    AgentNotFound,
    MochiError,
    ModelNotFound,
    ModelServerUnreachable,
    PromptNotFound,
    ToolNotFound,
    ValidationFailed,
)
from domain.message import SystemMessage
from domain.session import AgentSettings, ToolSettings
from tests.unit.application.bench import Bench
from tests.unit.histories import session


@pytest.fixture
def create_session(bench: Bench) -> CreateSession:
    return CreateSession(
        sessions=bench.sessions,
        models=bench.models,
        offers=bench.offers,
        prompt_source=bench.prompt_source,
        views=bench.views,
        clock=bench.clock,
        ids=bench.ids,
        dynamic_window_enabled=False,
    )


async def test_a_session_is_kept_as_it_is_answered(bench: Bench, create_session: CreateSession) -> None:
    tools = ToolSettings(tools=("weather",), execution_policy="never_confirm")
    agents = AgentSettings(enabled_agents=("writer",))

    view = await create_session(NewSession(model="llama", tool_settings=tools, agent_settings=agents))

    assert view.session == await bench.sessions.load(view.session.session_id)
    assert (view.session.model, view.session.tool_settings, view.session.agent_settings) == ("llama", tools, agents)
    assert view.session.created_at == view.session.updated_at == bench.clock.now()
    assert view.session.messages == ()
    assert view.warnings == ()


async def test_a_new_window_is_of_no_size_yet(create_session: CreateSession) -> None:
    view = await create_session(NewSession(model="llama"))

    assert view.session.context_window.dynamic_enabled is False
    assert view.context_window.current_window is None
    assert view.context_window.model_max_context == 4096
    assert view.context_window.last_adjustment_reason is None
    assert view.context_window.usage_tokens == 0


async def test_a_window_may_be_fixed_at_once(create_session: CreateSession) -> None:
    fixed = WindowChoice(manual_override=True, current_window=4096)

    window = (await create_session(NewSession(model="llama", context_window=fixed))).context_window

    assert (window.manual_override, window.current_window) == (True, 4096)
    assert window.last_adjustment_reason == "manual_override"


async def test_a_system_prompt_is_the_first_message(create_session: CreateSession) -> None:
    view = await create_session(NewSession(model="llama", system_prompt="Be brief."))

    (prompt,) = view.session.messages
    assert isinstance(prompt, SystemMessage)
    assert (prompt.content, prompt.source_file) == ("Be brief.", None)


async def test_a_prompt_file_wins_over_the_text(bench: Bench, create_session: CreateSession) -> None:
    await bench.keep_prompt("brief.md", "From the file.")

    view = await create_session(
        NewSession(model="llama", system_prompt="Be brief.", system_prompt_source_file="brief.md")
    )

    (prompt,) = view.session.messages
    assert isinstance(prompt, SystemMessage)
    assert (prompt.content, prompt.source_file) == ("From the file.", "brief.md")


async def test_a_blank_system_prompt_is_none(create_session: CreateSession) -> None:
    assert (await create_session(NewSession(model="llama", system_prompt=" \n"))).session.messages == ()


async def test_a_taken_id_is_tried_again_with_another(bench: Bench, create_session: CreateSession) -> None:
    taken = await bench.keep(session(session_id=f"{1:010x}"))

    view = await create_session(NewSession(model="llama"))

    assert view.session.session_id == f"{2:010x}"
    assert await bench.sessions.load(taken.session_id) == taken


@pytest.mark.parametrize(
    ("new", "error"),
    [
        (NewSession(model="unknown"), ModelNotFound),
        (NewSession(model="llama", tool_settings=ToolSettings(tools=("gone",))), ToolNotFound),
        (NewSession(model="llama", agent_settings=AgentSettings(enabled_agents=("gone",))), AgentNotFound),
        (NewSession(model="llama", system_prompt_source_file="gone.md"), PromptNotFound),
        (NewSession(model="llama", system_prompt_source_file="../secret.md"), ValidationFailed),
        (
            NewSession(model="llama", context_window=WindowChoice(manual_override=True, current_window=4097)),
            ValidationFailed,
        ),
        (NewSession(model="llama", context_window=WindowChoice(manual_override=True)), ValidationFailed),
    ],
)
async def test_what_is_refused_leaves_nothing(
    bench: Bench, create_session: CreateSession, new: NewSession, error: type[MochiError]
) -> None:
    with pytest.raises(error):
        await create_session(new)

    assert (await bench.sessions.list_sessions()).sessions == []


async def test_the_model_servers_errors_pass_through(bench: Bench, create_session: CreateSession) -> None:
    bench.catalog.error = ModelServerUnreachable("Ollama is down.")

    with pytest.raises(ModelServerUnreachable):
        await create_session(NewSession(model="llama"))
