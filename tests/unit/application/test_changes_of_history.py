"""Edits, system prompts and forks: what changes a history, and only while no run does."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from application.runs.call_closer import CALL_WITHOUT_RESULT
from application.use_cases.edit_message import EditMessage
from application.use_cases.fork_session import ForkSession
from application.use_cases.system_prompt import RemoveSystemPrompt, SetSystemPrompt
from domain.errors import (
    InvalidMessageIndex,
    MochiError,
    PromptNotFound,
    SessionBusy,
    SessionNotFound,
    ValidationFailed,
)
from domain.message import SystemMessage
from domain.session import Summary, ToolSettings
from tests.unit.application.bench import Bench
from tests.unit.histories import assistant, call, result, session, system, user

Change = Callable[[str], Awaitable[object]]


class Changes:
    def __init__(self, bench: Bench) -> None:
        sessions, supervisor, clock = bench.sessions, bench.supervisor, bench.clock
        self.edit = EditMessage(sessions=sessions, supervisor=supervisor, clock=clock)
        self.set_prompt = SetSystemPrompt(
            sessions=sessions, supervisor=supervisor, source=bench.prompt_source, clock=clock
        )
        self.remove_prompt = RemoveSystemPrompt(sessions=sessions, supervisor=supervisor, clock=clock)
        self.fork = ForkSession(
            sessions=sessions,
            supervisor=supervisor,
            call_closer=bench.call_closer,
            views=bench.views,
            clock=clock,
            ids=bench.ids,
        )

    def all(self) -> list[Change]:
        return [
            lambda session_id: self.edit(session_id, message_index=0, content="Other"),
            lambda session_id: self.set_prompt(session_id, content="Be brief."),
            self.remove_prompt,
            self.fork,
        ]


@pytest.fixture
def changes(bench: Bench) -> Changes:
    return Changes(bench)


@pytest.mark.parametrize("session_id", ["00000000e0", "../../etc"])
async def test_a_session_that_is_not_there(changes: Changes, session_id: str) -> None:
    for change in changes.all():
        with pytest.raises(SessionNotFound):
            await change(session_id)


async def test_a_busy_session_is_not_changed_and_an_idle_one_is(bench: Bench, changes: Changes) -> None:
    kept = await bench.keep()
    handle = await bench.begin_run(kept.session_id)
    at_work = await bench.sessions.load(kept.session_id)

    for change in changes.all():
        with pytest.raises(SessionBusy) as raised:
            await change(kept.session_id)
        assert raised.value.details["run_id"] == handle.run.run_id
    assert await bench.sessions.load(kept.session_id) == at_work

    await bench.supervisor.end(handle, "cancelled")
    for change in changes.all():
        await change(kept.session_id)


async def test_an_edit_drops_what_came_after(bench: Bench, changes: Changes) -> None:
    kept = await bench.keep(session(system(), user("Rain?"), assistant(), user("Snow?", message_id="00000000b2")))
    bench.clock.advance(60)

    messages = await changes.edit(kept.session_id, message_index=1, content="Sun?")

    edited = await bench.sessions.load(kept.session_id)
    assert messages == edited.messages
    assert [message.content for message in messages] == ["Be brief.", "Sun?"]
    assert edited.updated_at == bench.clock.now()


@pytest.mark.parametrize("index", [-1, 0, 2, 3])
async def test_only_user_messages_are_edited(bench: Bench, changes: Changes, index: int) -> None:
    kept = await bench.keep(session(system(), user(), assistant()))

    with pytest.raises(InvalidMessageIndex):
        await changes.edit(kept.session_id, message_index=index, content="Other")

    assert await bench.sessions.load(kept.session_id) == kept


async def test_a_system_prompt_is_set_replaced_and_removed(bench: Bench, changes: Changes) -> None:
    await bench.keep_prompt("brief.md", "From the file.")
    kept = await bench.keep()

    first = await changes.set_prompt(kept.session_id, content="Be brief.")
    second = await changes.set_prompt(kept.session_id, content="Be brief.", source_file="brief.md")

    assert (first.content, first.source_file) == ("Be brief.", None)
    assert (second.content, second.source_file) == ("From the file.", "brief.md")
    assert (await bench.sessions.load(kept.session_id)).messages == (second, *kept.messages)

    await changes.remove_prompt(kept.session_id)
    assert (await bench.sessions.load(kept.session_id)).messages == kept.messages


async def test_removing_what_is_not_there_changes_nothing(bench: Bench, changes: Changes) -> None:
    kept = await bench.keep()
    bench.clock.advance(60)

    await changes.remove_prompt(kept.session_id)

    assert await bench.sessions.load(kept.session_id) is kept


@pytest.mark.parametrize(
    ("content", "source_file", "error"),
    [
        (None, None, ValidationFailed),
        (" \n", None, ValidationFailed),
        ("Be brief.", "gone.md", PromptNotFound),
        ("Be brief.", "../secret.md", ValidationFailed),
    ],
)
async def test_what_is_no_system_prompt(
    bench: Bench, changes: Changes, content: str | None, source_file: str | None, error: type[MochiError]
) -> None:
    kept = await bench.keep(session(system(), user()))

    with pytest.raises(error):
        await changes.set_prompt(kept.session_id, content=content, source_file=source_file)

    assert await bench.sessions.load(kept.session_id) == kept


async def test_a_fork_of_all_is_the_same_conversation_anew(bench: Bench, changes: Changes) -> None:
    kept = await bench.keep(
        replace(
            session(system(), user(), assistant()),
            summary=Summary(summary="Greetings."),
            tool_settings=ToolSettings(tools=("weather", "gone")),
            extra={"title": "Mine"},
        )
    )
    bench.clock.advance(60)

    view = await changes.fork(kept.session_id)

    now = bench.clock.now()
    assert view.session.session_id != kept.session_id
    assert view.session == replace(kept, session_id=view.session.session_id, created_at=now, updated_at=now)
    assert view.session == await bench.sessions.load(view.session.session_id)
    assert await bench.sessions.load(kept.session_id) == kept
    assert len(view.warnings) == 1


async def test_a_fork_of_a_beginning_leaves_the_summary_behind(bench: Bench, changes: Changes) -> None:
    kept = await bench.keep(
        replace(session(system(), user(), assistant()), summary=Summary(summary="Greetings."), summary_model="small")
    )

    forked = (await changes.fork(kept.session_id, message_index=1)).session

    assert forked.messages == kept.messages[:2]
    assert (forked.summary, forked.summary_model) == (None, "small")


@pytest.mark.parametrize("index", [-1, 1, 2, 4])
async def test_no_fork_parts_a_call_from_its_result(bench: Bench, changes: Changes, index: int) -> None:
    kept = await bench.keep(
        session(user(), assistant(calls=(call("x"), call("y"))), result("x"), result("y", message_id="00000000d2"))
    )

    with pytest.raises(InvalidMessageIndex):
        await changes.fork(kept.session_id, message_index=index)

    assert len((await bench.sessions.list_sessions()).sessions) == 1


async def test_a_call_that_an_old_file_left_open_is_closed_in_the_fork(bench: Bench, changes: Changes) -> None:
    kept = await bench.keep(session(user(), assistant(calls=(call("x"),)), user("Well?", message_id="00000000b2")))

    forked = (await changes.fork(kept.session_id)).session

    assert [message.content for message in forked.messages] == ["Hello", "Hi", CALL_WITHOUT_RESULT, "Well?"]


async def test_a_new_system_prompt_is_a_new_message(bench: Bench, changes: Changes) -> None:
    kept = await bench.keep(session(system(), user()))

    prompt = await changes.set_prompt(kept.session_id, content="Be long.")

    assert isinstance(prompt, SystemMessage)
    assert prompt.message_id != kept.messages[0].message_id
