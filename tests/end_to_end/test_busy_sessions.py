"""A request for a session on which a run is at work."""

import asyncio

from tests.doubles.ollama_server.script import Gate, Piece, Reply, saying
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, names_of, text_of


async def contents(api: Api, session_id: str) -> list[str]:
    return [message["content"] for message in await api.messages(session_id)]


async def test_it_is_refused_by_default_and_the_run_is_named(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("a"), gate]))
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        run_id = (await events.next()).run_id
        for path in (f"/chat/{session_id}", f"/chat/{session_id}/stream"):
            for body in ({"message": "x"}, {"message": "x", "if_busy": "reject"}):
                details = await api.error("POST", path, 409, "SESSION_BUSY", json=body)
                assert details["run_id"] == run_id
        status = await api.call("GET", f"/sessions/{session_id}/status")
        assert (status["run"]["run_id"], status["run"]["status"]) == (run_id, "running")
        gate.opened.set()
        await events.rest()
    assert await contents(api, session_id) == ["hello", "a"]
    assert len(await api.runs(session_id)) == 1


async def test_nothing_else_may_change_a_busy_session(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("a"), gate]))
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        await events.until_text("a")
        prompt = f"/sessions/{session_id}/system-prompt"
        await api.error("PUT", f"/sessions/{session_id}/messages/0", 409, "SESSION_BUSY", json={"content": "x"})
        await api.error("PUT", prompt, 409, "SESSION_BUSY", json={"content": "x"})
        await api.error("DELETE", prompt, 409, "SESSION_BUSY")
        await api.error("POST", f"/sessions/{session_id}/fork", 409, "SESSION_BUSY", json={})
        gate.opened.set()
        await events.rest()
    assert await contents(api, session_id) == ["hello", "a"]


async def test_those_that_wait_come_in_their_order(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("0"), gate]), *(saying(f"{number}") for number in range(1, 6)))
    session_id = await api.new_session()
    async with api.stream(session_id, "m0") as first:
        await first.next()
        waiting = []
        for number in range(1, 6):
            async with api.stream(session_id, f"m{number}", if_busy="enqueue", on_disconnect="continue") as events:
                start = await events.next()
                waiting.append(start.run_id)
        gate.opened.set()
        await first.rest()
    for number, run_id in enumerate(waiting, 1):
        assert text_of(await api.joined(session_id, run_id=run_id)) == f"{number}"
    assert await contents(api, session_id) == [text for n in range(6) for text in (f"m{n}", f"{n}")]
    assert [run["status"] for run in await api.runs(session_id)] == ["completed"] * 6


async def test_one_that_interrupts_keeps_what_was_written_and_goes_next(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("half"), gate]), saying("at once"), saying("later"))
    session_id = await api.new_session()
    async with api.stream(session_id, "m0") as first, api.stream(session_id, "m1", if_busy="enqueue") as second:
        await first.until_text("half")
        assert (await second.next()).name == "run_start"
        async with api.stream(session_id, "m2", if_busy="interrupt") as third:
            assert text_of(await third.rest()) == "at once"
        [done] = await first.rest()
        assert done.data["status"] == "cancelled"
        assert text_of(await second.rest()) == "later"
    assert await contents(api, session_id) == ["m0", "half", "m2", "at once", "m1", "later"]
    assert len(ollama_server.aborted) == 1


async def test_an_interruption_where_nothing_is_at_work_is_a_request_like_others(api: Api) -> None:
    session_id = await api.new_session()
    for if_busy in ("interrupt", "enqueue", "reject"):
        assert (await api.answer(session_id, "x", if_busy=if_busy))["message"]["done_reason"] == "stop"


async def test_one_who_waits_and_leaves_is_left_out(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_next(Reply([Piece("a"), gate]), saying("c"))
    session_id = await api.new_session()
    async with api.stream(session_id, "m0") as first:
        await first.next()
        async with api.stream(session_id, "m1", if_busy="enqueue") as second:
            left = (await second.next()).run_id
        assert names_of(await api.joined(session_id, run_id=left))[-1] == "done"
        async with api.stream(session_id, "m2", if_busy="enqueue") as third:
            gate.opened.set()
            assert text_of(await third.rest()) == "c"
        await first.rest()
    assert await contents(api, session_id) == ["m0", "a", "m2", "c"]
    assert (await api.run(session_id, left))["status"] == "cancelled"


async def test_of_many_at_once_one_begins_and_the_rest_are_told_which(api: Api, ollama_server: OllamaServer) -> None:
    gate = Gate()
    ollama_server.answer_always(Reply([gate]))
    session_id = await api.new_session()
    path = f"/api/v1/chat/{session_id}/stream"
    answers = await asyncio.gather(*(api.client.post(path, json={"message": "x"}) for _ in range(20)))
    [begun] = [answer for answer in answers if answer.status == 200]
    refused = [await answer.json() for answer in answers if answer.status == 409]
    [run] = await api.runs(session_id)
    assert len(refused) == 19
    assert {refusal["error"]["details"]["run_id"] for refusal in refused} == {run["run_id"]}
    gate.opened.set()
    assert b'"completed"' in await begun.read()
    assert [message["role"] for message in await api.messages(session_id)] == ["user", "assistant"]
