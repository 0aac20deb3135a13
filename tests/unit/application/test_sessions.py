import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.run_store import MemoryRunStore
from adapters.memory.session_store import MemorySessionStore
from application.owned_task import finish_despite_cancellation
from application.ports.session_store import ListPosition
from application.use_cases.sessions import DeleteSession, GetSession, ListMessages, ListSessions
from domain.context_window import ContextWindowConfig, adjusted
from domain.errors import ModelServerUnreachable, SessionNotFound, StorageFailed, ValidationFailed
from domain.run import ChatRequest
from domain.session import AgentSettings, Session, ToolSettings
from tests.fakes.house import House
from tests.unit.application.bench import Bench
from tests.unit.histories import AT, assistant, session, user

ABSENT = ["00000000e0", "", "../../etc", "00000000FF"]


def delete_session(bench: House) -> DeleteSession:
    desk = bench.container.summary_desk()
    return DeleteSession(sessions=bench.sessions, runs=bench.runs, supervisor=bench.supervisor, summaries=desk)


@pytest.mark.parametrize("session_id", ABSENT)
async def test_a_session_that_is_not_there(bench: Bench, session_id: str) -> None:
    await bench.keep()
    for use_case in (
        GetSession(sessions=bench.sessions, views=bench.views),
        ListMessages(sessions=bench.sessions),
        delete_session(bench),
    ):
        with pytest.raises(SessionNotFound):
            await use_case(session_id)


async def test_a_session_is_shown_with_what_its_model_and_this_server_make_of_it(bench: Bench) -> None:
    window = adjusted(ContextWindowConfig(), 2000, "initial_setup", AT)
    kept = await bench.keep(
        replace(
            session(user(), assistant(prompt_eval_count=40, eval_count=2)),
            tool_settings=ToolSettings(tools=("weather", "gone")),
            agent_settings=AgentSettings(enabled_agents=("lost",)),
            context_window=window,
        )
    )

    view = await GetSession(sessions=bench.sessions, views=bench.views)(kept.session_id)

    assert view.session == kept
    assert [("`gone`" in warning, "`lost`" in warning) for warning in view.warnings] == [(True, False), (False, True)]
    shown = view.context_window
    assert (shown.dynamic_enabled, shown.current_window, shown.model_max_context) == (True, 2000, 4096)
    assert (shown.last_adjustment_reason, shown.manual_override, shown.usage_tokens) == ("initial_setup", False, 42)


async def test_a_session_is_shown_while_the_model_server_is_down(bench: Bench) -> None:
    bench.catalog.error = ModelServerUnreachable("Ollama is down.")
    kept = await bench.keep()

    view = await GetSession(sessions=bench.sessions, views=bench.views)(kept.session_id)

    assert view.context_window.model_max_context is None


async def test_the_messages_alone_ask_no_model_server(bench: Bench) -> None:
    kept = await bench.keep()

    assert await ListMessages(sessions=bench.sessions)(kept.session_id) == kept.messages
    assert bench.catalog.asked == []


async def keep_three(bench: Bench) -> list[Session]:
    texts = ("Rain in Oslo", "Sun in Rome", "Snow in Oslo")
    return [
        await bench.keep(
            replace(session(user(text), session_id=f"{number:010x}"), updated_at=AT + timedelta(minutes=number))
        )
        for number, text in enumerate(texts)
    ]


async def test_all_sessions_are_listed_newest_first(bench: Bench) -> None:
    await keep_three(bench)

    page = await ListSessions(sessions=bench.sessions)()

    assert [overview.preview for overview in page.sessions] == ["Snow in Oslo", "Sun in Rome", "Rain in Oslo"]
    assert page.next_position is None


async def test_pages_and_words(bench: Bench) -> None:
    rain, _, snow = await keep_three(bench)
    list_sessions = ListSessions(sessions=bench.sessions)

    first = await list_sessions(query="OSL in", limit=1)
    second = await list_sessions(query="OSL in", limit=1, after=first.next_position)

    assert first.next_position == ListPosition(updated_at=snow.updated_at, session_id=snow.session_id)
    assert [overview.session_id for overview in (*first.sessions, *second.sessions)] == [
        snow.session_id,
        rain.session_id,
    ]
    assert second.next_position is None


@pytest.mark.parametrize("limit", [-1, 0, 1001])
async def test_a_limit_is_from_one_to_a_thousand(bench: Bench, limit: int) -> None:
    list_sessions = ListSessions(sessions=bench.sessions)

    assert (await list_sessions(limit=1000)).sessions == []
    with pytest.raises(ValidationFailed):
        await list_sessions(limit=limit)


async def test_a_deleted_session_is_gone_and_another_stays(bench: Bench) -> None:
    first, second, _ = await keep_three(bench)

    await delete_session(bench)(first.session_id)

    with pytest.raises(SessionNotFound):
        await bench.sessions.load(first.session_id)
    assert await bench.sessions.load(second.session_id) == second


async def test_the_runs_of_a_deleted_session_end_first_and_are_forgotten(bench: Bench) -> None:
    kept = await bench.keep()
    handle = await bench.begin_run(kept.session_id)

    await delete_session(bench)(kept.session_id)

    assert handle.run.status == "cancelled"
    assert await bench.runs.list_runs(kept.session_id) == []
    with pytest.raises(SessionNotFound):
        await bench.sessions.load(kept.session_id)


async def test_a_run_that_comes_while_the_others_end_ends_too(bench: Bench) -> None:
    kept = await bench.keep()
    first = await bench.begin_run(kept.session_id)
    deleting = asyncio.create_task(delete_session(bench)(kept.session_id))
    while first.end_asked_for is None:  # noqa: ASYNC110 - one step of the loop at a time is the point
        await asyncio.sleep(0)
    second = bench.submit_run(kept.session_id)

    await deleting

    assert (first.run.status, second.run.status) == ("cancelled", "cancelled")
    assert second.accepted.result() is None
    assert bench.supervisor.runs_of(kept.session_id) == []


class SlowToDelete(MemorySessionStore):
    """Tells when a session is to be deleted, and deletes it, cancelled or not, when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked = asyncio.Event()
        self.may_delete = asyncio.Event()

    async def delete(self, session_id: str) -> None:
        self.is_asked.set()
        await finish_despite_cancellation(self.may_delete.wait())
        await super().delete(session_id)


async def test_who_leaves_during_a_delete_leaves_no_record_of_a_run_behind() -> None:
    sessions = SlowToDelete()
    house = House(sessions=sessions)
    session_id = await house.session()
    await house.answer_chat(session_id, ChatRequest(message="hi"))
    deleting = asyncio.create_task(delete_session(house)(session_id))
    await sessions.is_asked.wait()

    deleting.cancel()
    sessions.may_delete.set()
    with pytest.raises(asyncio.CancelledError):
        await deleting

    assert await house.sessions.session_ids() == []
    assert await house.runs.list_runs(session_id) == []


class ForgetsLater(MemoryRunStore):
    """Refuses to forget the first time."""

    has_refused = False

    async def forget(self, session_id: str) -> None:
        if not self.has_refused:
            self.has_refused = True
            raise StorageFailed("The disk is full.")
        await super().forget(session_id)


async def test_a_delete_that_is_tried_again_forgets_the_runs_that_the_first_one_left() -> None:
    house = House(runs=ForgetsLater())
    session_id = await house.session()
    await house.answer_chat(session_id, ChatRequest(message="hi"))
    with pytest.raises(StorageFailed):
        await delete_session(house)(session_id)
    assert len(await house.runs.list_runs(session_id)) == 1

    with pytest.raises(SessionNotFound):
        await delete_session(house)(session_id)

    assert await house.runs.list_runs(session_id) == []
