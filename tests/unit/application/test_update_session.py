from dataclasses import replace

import pytest

from application.use_cases.update_session import SessionChange, UpdateSession
from domain.context_window import ContextWindowConfig, WindowChoice
from domain.errors import (
    AgentNotFound,
    MochiError,
    ModelNotFound,
    ModelServerUnreachable,
    SessionNotFound,
    ToolNotFound,
    ValidationFailed,
)
from domain.session import AgentSettings, Session, ToolSettings
from tests.unit.application.bench import Bench
from tests.unit.histories import session, user

FIX = WindowChoice(manual_override=True, current_window=4000)


@pytest.fixture
def update_session(bench: Bench) -> UpdateSession:
    return UpdateSession(
        sessions=bench.sessions,
        models=bench.models,
        offers=bench.offers,
        views=bench.views,
        clock=bench.clock,
    )


@pytest.fixture
async def kept(bench: Bench) -> Session:
    """With settings that older programs wrote, of which two are gone."""
    return await bench.keep(
        replace(
            session(user()),
            tool_settings=ToolSettings(
                tools=("old",), tool_policies={"old": "never_confirm"}, extra={"tool_group": "all"}
            ),
            agent_settings=AgentSettings(enabled_agents=("lost",)),
            extra={"title": "Mine"},
        )
    )


async def test_a_given_object_replaces_the_whole_old_one_and_the_rest_stays(
    bench: Bench, update_session: UpdateSession, kept: Session
) -> None:
    bench.clock.advance(60)

    view = await update_session(kept.session_id, SessionChange(tool_settings=ToolSettings(tools=("weather",))))

    changed = replace(kept, tool_settings=ToolSettings(tools=("weather",)), updated_at=bench.clock.now())
    assert view.session == changed == await bench.sessions.load(kept.session_id)
    assert len(view.warnings) == 1
    assert "`lost`" in view.warnings[0]


async def test_nothing_given_changes_nothing(bench: Bench, update_session: UpdateSession, kept: Session) -> None:
    bench.clock.advance(60)

    assert (await update_session(kept.session_id, SessionChange())).session is kept


async def test_everything_may_be_given_at_once(update_session: UpdateSession, kept: Session) -> None:
    change = SessionChange(
        model="small",
        tool_settings=ToolSettings(),
        agent_settings=AgentSettings(enabled_agents=("writer",)),
        context_window=WindowChoice(manual_override=True, current_window=2048),
    )

    view = await update_session(kept.session_id, change)

    assert view.session.model == "small"
    assert view.session.agent_settings.enabled_agents == ("writer",)
    assert (view.context_window.current_window, view.context_window.model_max_context) == (2048, 2048)
    assert view.warnings == ()


async def test_a_window_is_fixed_within_the_new_models_largest(update_session: UpdateSession, kept: Session) -> None:
    with pytest.raises(ValidationFailed):
        await update_session(kept.session_id, SessionChange(model="small", context_window=FIX))

    assert (await update_session(kept.session_id, SessionChange(context_window=FIX))).context_window.manual_override


async def test_a_fixed_window_shrinks_with_the_model(update_session: UpdateSession, kept: Session) -> None:
    await update_session(kept.session_id, SessionChange(context_window=FIX))

    window = (await update_session(kept.session_id, SessionChange(model="small"))).context_window

    assert (window.manual_override, window.current_window) == (True, 2048)
    assert window.last_adjustment_reason == "model_change"


async def test_a_window_is_freed_without_the_model_server(
    bench: Bench, update_session: UpdateSession, kept: Session
) -> None:
    await update_session(kept.session_id, SessionChange(context_window=FIX))
    bench.catalog.error = ModelServerUnreachable("Ollama is down.")

    free = WindowChoice(manual_override=False)
    window = (await update_session(kept.session_id, SessionChange(context_window=free))).context_window

    assert (window.manual_override, window.current_window) == (False, None)


async def test_what_other_programs_noted_of_the_window_stays(bench: Bench, update_session: UpdateSession) -> None:
    noted = ContextWindowConfig(extra={"note": 1})
    kept = await bench.keep(replace(session(user()), context_window=noted))

    view = await update_session(kept.session_id, SessionChange(context_window=FIX))

    assert view.session.context_window.extra == {"note": 1}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (SessionChange(model="unknown"), ModelNotFound),
        (SessionChange(tool_settings=ToolSettings(tools=("old",))), ToolNotFound),
        (SessionChange(agent_settings=AgentSettings(enabled_agents=("lost",))), AgentNotFound),
    ],
)
async def test_what_is_refused_changes_nothing(
    bench: Bench, update_session: UpdateSession, kept: Session, change: SessionChange, error: type[MochiError]
) -> None:
    with pytest.raises(error):
        await update_session(kept.session_id, change)

    assert await bench.sessions.load(kept.session_id) is kept


@pytest.mark.parametrize("session_id", ["00000000e0", "../../etc"])
async def test_a_session_that_is_not_there(update_session: UpdateSession, session_id: str) -> None:
    with pytest.raises(SessionNotFound):
        await update_session(session_id, SessionChange(model="unknown"))


async def test_a_busy_session_may_be_changed(bench: Bench, update_session: UpdateSession, kept: Session) -> None:
    await bench.begin_run(kept.session_id)

    view = await update_session(kept.session_id, SessionChange(model="small"))

    assert (view.session.model, view.session.message_count) == ("small", 2)
