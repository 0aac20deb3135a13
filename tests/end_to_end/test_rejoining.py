"""Readers who come back to a run: while it is at work, after its end, after a restart."""

from pathlib import Path

import pytest

from tests.doubles.ollama_server.script import Gate, Piece, Reply, error, saying
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Event, names_of, text_of
from tests.end_to_end.servers import served

GARBAGE = ["", "x", "5", ":", "0123456789abcdef", "0123456789abcdef:-1", "0123456789abcdef:1.5", "G" * 16 + ":1", "é:1"]


async def whole(api: Api, session_id: str, message: str = "hello") -> list[Event]:
    async with api.stream(session_id, message) as events:
        return await events.rest()


async def test_from_any_event_the_rest_is_read_again_as_it_was(api: Api, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(saying("a", "b", "c"))
    session_id = await api.new_session()
    events = await whole(api, session_id)
    for index, event in enumerate(events[:-1]):
        again = await api.joined(session_id, event.event_id)
        assert [each.frame for each in again] == [each.frame for each in events[index + 1 :]]


async def test_who_had_everything_is_told_to_stop(api: Api) -> None:
    session_id = await api.new_session()
    done = (await whole(api, session_id))[-1]
    for query in ({}, {"run_id": done.run_id}):
        headers = {"Last-Event-ID": done.event_id}
        path = f"/chat/{session_id}/stream"
        assert await api.call("GET", path, 204, headers=headers, params=query) is None


async def test_a_run_at_work_is_joined_at_any_place(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("a"), Piece("b"), gate, Piece("c")]))
    session_id = await api.new_session()
    async with api.stream(session_id, on_disconnect="continue") as first:
        had = await first.until_text("ab")
    async with (
        api.join(session_id) as from_start,
        api.join(session_id, last_event_id=had[1].event_id) as from_middle,
        api.join(session_id, run_id=had[0].run_id) as by_name,
    ):
        gate.opened.set()
        assert text_of(await from_start.rest()) == "abc"
        assert text_of(await from_middle.rest()) == "bc"
        assert text_of(await by_name.rest()) == "abc"


@pytest.mark.parametrize("last_event_id", GARBAGE)
async def test_an_id_that_is_none_is_no_place(api: Api, last_event_id: str) -> None:
    session_id = await api.new_session()
    events = await whole(api, session_id)
    for run_id in (None, events[0].run_id):
        again = await api.joined(session_id, last_event_id, run_id)
        assert [each.frame for each in again] == [each.frame for each in events]


async def test_a_number_that_was_never_given_is_no_place(api: Api) -> None:
    session_id = await api.new_session()
    events = await whole(api, session_id)
    for number in (0, len(events) + 1, 999_999_999_999_999):
        again = await api.joined(session_id, f"{events[0].run_id}:{number}")
        assert len(again) == len(events)


async def test_an_id_of_another_run_of_the_session(api: Api) -> None:
    session_id = await api.new_session()
    old = await whole(api, session_id, "old")
    new = await whole(api, session_id, "new")

    assert text_of(await api.joined(session_id)) == "You said: new"
    assert text_of(await api.joined(session_id, old[1].event_id)) == " said: old", "a reader goes on where it was"
    assert text_of(await api.joined(session_id, old[1].event_id, new[0].run_id)) == "You said: new"
    assert text_of(await api.joined(session_id, run_id=old[0].run_id)) == "You said: old"


async def test_what_is_not_there(api: Api) -> None:
    empty, other = await api.new_session(), await api.new_session()
    event = (await whole(api, other))[2]

    async def refused(session_id: str, code: str, run_id: str | None = None, last: str | None = None) -> None:
        query = {} if run_id is None else {"run_id": run_id}
        headers = {} if last is None else {"Last-Event-ID": last}
        await api.error("GET", f"/chat/{session_id}/stream", 404, code, params=query, headers=headers)

    await refused(empty, "RUN_NOT_FOUND")
    await refused(empty, "RUN_NOT_FOUND", "0123456789abcdef")
    await refused(empty, "RUN_NOT_FOUND", "garbage")
    await refused(empty, "RUN_NOT_FOUND", "")
    await refused(empty, "RUN_NOT_FOUND", event.run_id)
    await refused(empty, "RUN_NOT_FOUND", last=event.event_id)
    await refused(other, "RUN_NOT_FOUND", "0123456789abcdef")
    await refused("0123456789", "SESSION_NOT_FOUND")
    await refused("..", "NOT_FOUND")
    await refused("UPPERCASE!", "SESSION_NOT_FOUND")
    for run_id in ("0123456789abcdef", "garbage", event.run_id):
        await api.error("GET", f"/chat/{empty}/runs/{run_id}", 404, "RUN_NOT_FOUND")
    await api.error("GET", "/chat/0123456789/runs", 404, "SESSION_NOT_FOUND")
    await api.error("GET", "/chat/0123456789/runs/0123456789abcdef", 404, "SESSION_NOT_FOUND")


async def test_after_a_restart_a_run_is_a_snapshot_and_its_end(tmp_path: Path, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(saying("the ", "text"))
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await api.new_session()
        events = await whole(api, session_id)
        runs = await api.runs(session_id)
    done = events[-1]

    async with served(tmp_path, ollama_server.url) as api:
        assert await api.runs(session_id) == runs
        assert await api.run(session_id, done.run_id) == runs[0]
        snapshot, end = await api.joined(session_id)
        for last in ("garbage", events[0].event_id, events[-2].event_id):
            assert await api.joined(session_id, last) == [snapshot, end]
        assert snapshot.name == "snapshot"
        assert snapshot.data == {
            "run_id": done.run_id,
            "status": "completed",
            "message_id": (await api.last_message(session_id))["message_id"],
            "content": "the text",
            "thinking": "",
            "confirmations": [],
        }
        assert snapshot.sequence == done.sequence - 1
        assert end == done
        headers = {"Last-Event-ID": done.event_id}
        assert await api.call("GET", f"/chat/{session_id}/stream", 204, headers=headers) is None


async def test_after_a_restart_a_run_that_failed_says_why(tmp_path: Path, ollama_server: OllamaServer) -> None:
    ollama_server.answer_next(error(500, "out of memory"))
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await api.new_session()
        events = await whole(api, session_id)
    async with served(tmp_path, ollama_server.url) as api:
        [run] = await api.runs(session_id)
        assert run["status"] == "failed"
        assert run["error"] == {"code": "OLLAMA_ERROR", "message": "out of memory"}
        again = await api.joined(session_id)
        assert names_of(again)[-1] == "done"
        assert again[-1] == events[-1]


async def test_runs_are_listed_newest_first(api: Api) -> None:
    session_id = await api.new_session()
    assert await api.runs(session_id) == []
    run_ids = [(await api.answer(session_id, f"{number}"))["run_id"] for number in range(3)]
    assert [run["run_id"] for run in await api.runs(session_id)] == run_ids[::-1]
    assert set((await api.runs(session_id))[0]) == {
        "run_id",
        "session_id",
        "status",
        "created_at",
        "started_at",
        "ended_at",
        "eval_count",
        "prompt_eval_count",
        "error",
        "confirmations",
    }
