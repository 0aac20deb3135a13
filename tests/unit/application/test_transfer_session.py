from dataclasses import replace

import pytest

from application.runs.call_closer import CALL_WITHOUT_RESULT
from application.use_cases.transfer_session import ExportSession, ImportSession
from domain.errors import ModelServerUnreachable, SessionNotFound
from domain.identifiers import is_id
from domain.session import AgentSettings
from tests.unit.application.bench import Bench
from tests.unit.histories import LATER, assistant, call, result, session, system, user


@pytest.fixture
def import_session(bench: Bench) -> ImportSession:
    return ImportSession(sessions=bench.sessions, call_closer=bench.call_closer, views=bench.views, ids=bench.ids)


async def test_what_went_out_comes_in_the_same(bench: Bench, import_session: ImportSession) -> None:
    kept = await bench.keep(
        replace(
            session(system(), user(), assistant(calls=(call("x"),)), result("x")),
            updated_at=LATER,
            extra={"title": "Mine"},
        )
    )
    exported = await ExportSession(sessions=bench.sessions)(kept.session_id)
    await bench.sessions.delete(kept.session_id)

    view = await import_session(exported)

    assert view.session == kept == await bench.sessions.load(kept.session_id)


@pytest.mark.parametrize("session_id", ["00000000e0", "../../etc"])
async def test_a_session_that_is_not_there_does_not_go_out(bench: Bench, session_id: str) -> None:
    with pytest.raises(SessionNotFound):
        await ExportSession(sessions=bench.sessions)(session_id)


async def test_a_taken_id_becomes_a_new_one(bench: Bench, import_session: ImportSession) -> None:
    kept = await bench.keep(session(user("First")))

    imported = (await import_session(session(user("Second")))).session

    assert imported.session_id != kept.session_id
    assert await bench.sessions.load(kept.session_id) == kept
    assert await bench.sessions.load(imported.session_id) == imported


async def test_an_id_of_the_wrong_form_becomes_a_new_one(import_session: ImportSession) -> None:
    imported = (await import_session(session(user(message_id="m-1"), session_id="../../etc"))).session

    assert is_id(imported.session_id)
    assert is_id(imported.messages[0].message_id)


async def test_message_ids_are_made_unique(import_session: ImportSession) -> None:
    same = f"{1:010x}"
    messages = (user("a", message_id=same), assistant("b", message_id=same), user("c", message_id=same))

    imported = (await import_session(session(*messages))).session

    assert [message.content for message in imported.messages] == ["a", "b", "c"]
    assert imported.messages[0].message_id == same
    assert len({message.message_id for message in imported.messages}) == 3


async def test_calls_without_a_result_get_one(import_session: ImportSession) -> None:
    torn = session(
        user("a"),
        assistant("b", calls=(call("x"), call("y"))),
        result("x", "rain"),
        user("c", message_id="00000000b2"),
        assistant("d", message_id="00000000c2", calls=(call("z"),)),
    )

    imported = (await import_session(torn)).session

    assert [message.content for message in imported.messages] == [
        *("a", "b", "rain", CALL_WITHOUT_RESULT),
        *("c", "d", CALL_WITHOUT_RESULT),
    ]


async def test_models_and_agents_that_are_gone_are_no_reason_to_refuse(
    bench: Bench, import_session: ImportSession
) -> None:
    bench.catalog.error = ModelServerUnreachable("Ollama is down.")
    strange = replace(session(user(), model="gone"), agent_settings=AgentSettings(enabled_agents=("lost",)))

    view = await import_session(strange)

    assert view.session == strange
    assert len(view.warnings) == 1
    assert "`lost`" in view.warnings[0]
