"""Tools of a real folder, called by a model on the wire, with a person on the other end of a socket."""

import asyncio
import signal
from pathlib import Path

import pytest

from domain.json_value import JsonObject
from tests.doubles.ollama_server.script import Piece, Reply, saying, tool_call
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Event, Events, Json, names_of, text_of
from tests.end_to_end.servers import running, served
from tests.end_to_end.stores import Kept

TOOLS = '''
import asyncio
import os
import time
from pathlib import Path

LOG = Path(__file__).with_name("log")


def note(text: str) -> str:
    """Write a line down.

    Args:
        text: The line.
    """
    with LOG.open("a") as log:
        log.write(text + "\\n")
    return f"noted {text}"


async def add(a: int, b: int = 1) -> str:
    """Add two numbers."""
    await asyncio.sleep(0)
    return str(a + b)


def linger(text: str) -> str:
    """Write a line down and never end."""
    note(text)
    time.sleep(3600)
    return "never"


def leave() -> str:
    """End the process that it runs in."""
    os._exit(3)
'''
MODEL = "tiny-tools"
ALL = ["note", "add", "linger", "leave"]


def calling(*calls: tuple[str, JsonObject]) -> Reply:
    return Reply([Piece(tool_calls=[tool_call(name, given, f"call_{n}") for n, (name, given) in enumerate(calls)])])


def tools_in(folder: Path) -> Path:
    tools = folder / "tools"
    tools.mkdir()
    (tools / "kit.py").write_text(TOOLS)
    return tools


def noted(folder: Path) -> list[str]:
    log = folder / "tools" / "log"
    return log.read_text().splitlines() if log.exists() else []


async def session_with_tools(api: Api, policy: str = "always_confirm", **policies: str) -> str:
    settings = {"tools": ALL, "execution_policy": policy, "tool_policies": policies}
    return await api.new_session(MODEL, tool_settings=settings)


async def confirm(api: Api, session_id: str, asked: Event, *, approved: bool = True, **more: Json) -> Json:
    body = {"confirmation_id": asked.data["confirmation_id"], "approved": approved, **more}
    return await api.call("POST", f"/chat/{session_id}/confirm-tool", json=body)


async def question(events: Events) -> Event:
    return (await events.until("tool_call_confirmation_required"))[-1]


async def until_noted(folder: Path, text: str) -> None:
    """Until a tool, in its own process, has written `text`."""
    async with asyncio.timeout(20):
        while text not in noted(folder):  # noqa: ASYNC110 - another process calls nobody
            await asyncio.sleep(0.02)


async def until_ended(api: Api, session_id: str) -> Json:
    """The latest run, once it has ended without a reader who would be told."""
    async with asyncio.timeout(5):
        while (run := (await api.runs(session_id))[0])["ended_at"] is None:  # noqa: ASYNC110 - nor does a server
            await asyncio.sleep(0.02)
    return run


async def test_tools_are_listed_described_and_loaded_anew(tmp_path: Path, ollama_server: OllamaServer) -> None:
    tools = tools_in(tmp_path)
    (tools / "broken.py").write_text("def f(:\n")
    async with served(tmp_path, ollama_server.url) as api:
        listed = await api.call("GET", "/tools")
        assert set(listed["tools"]) == set(ALL)
        assert listed["errors"][0]["source"] == "broken.py"
        assert "line 1" in listed["errors"][0]["error"]
        note = await api.call("GET", "/tools/note")
        assert note == listed["tools"]["note"]
        assert note["description"] == "Write a line down."
        assert note["parameters"]["properties"]["text"]["description"] == "The line."
        assert note["parameters"]["required"] == ["text"]
        await api.error("GET", "/tools/nothing", 404, "TOOL_NOT_FOUND")
        body = {"model": MODEL, "tool_settings": {"tools": ["nothing"]}}
        await api.error("POST", "/sessions", 404, "TOOL_NOT_FOUND", json=body)
        (tools / "broken.py").write_text('def late() -> str:\n    """Come late."""\n    return "here"\n')
        reloaded = await api.call("POST", "/tools/reload")
        assert (reloaded["success"], reloaded["tools_count"]) == (True, len(ALL) + 1)
        ollama_server.answer_next(calling(("late", {})), saying("ok"))
        settings = {"tools": ["late"], "execution_policy": "never_confirm"}
        session_id = await api.new_session(MODEL, tool_settings=settings)
        answer = await api.answer(session_id)
        assert answer["tool_calls_executed"] == [
            {"tool_name": "late", "arguments": {}, "success": True, "result": "here"}
        ]
        report = await api.call("GET", "/tools/executions")
        [execution] = report["executions"]
        assert (execution["tool_name"], execution["session_id"], execution["success"]) == ("late", session_id, True)
        assert report["statistics"]["late"]["calls"] == 1


async def test_what_is_offered_is_what_the_preview_shows(tmp_path: Path, ollama_server: OllamaServer) -> None:
    tools_in(tmp_path)
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await session_with_tools(api)
        preview = await api.call("GET", f"/sessions/{session_id}/prompt")
        await api.answer(session_id)
        sent: Json = ollama_server.chats[-1]["tools"]
        assert [tool["function"]["name"] for tool in sent] == ALL
        assert preview["tools"] == sent
        assert preview["estimated_tokens"] > 100
        status = await api.call("GET", f"/sessions/{session_id}/status")
        assert (status["tools_enabled"], status["active_tools"]) == (True, ALL)


async def test_a_call_is_asked_about_approved_and_made(tmp_path: Path, ollama_server: OllamaServer) -> None:
    tools_in(tmp_path)
    ollama_server.answer_next(calling(("note", {"text": "one"}), ("add", {"a": 2})), saying("done"))
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await session_with_tools(api, add="never_confirm")
        async with api.stream(session_id) as events:
            asked = await question(events)
            assert asked.data["arguments"] == {"text": "one"}
            assert noted(tmp_path) == []
            status = await api.call("GET", f"/sessions/{session_id}/status")
            assert status["run"]["status"] == "awaiting_confirmation"
            [open_question] = status["run"]["confirmations"]
            assert open_question["confirmation_id"] == asked.data["confirmation_id"]
            said = await confirm(api, session_id, asked)
            assert (said["success"], said["tool_name"]) == (True, "note")
            rest = await events.rest()
        assert names_of(rest)[:4] == ["tool_result", "tool_call", "tool_result", "tool_continuation_start"]
        assert [event.data["result"] for event in rest if event.name == "tool_result"] == ["noted one", "3"]
        assert all(event.data["execution_time"] > 0 for event in rest if event.name == "tool_result")
        assert text_of(rest) == "done"
        assert noted(tmp_path) == ["one"]
        path = f"/chat/{session_id}/confirm-tool"
        body = {"confirmation_id": asked.data["confirmation_id"], "approved": True}
        await api.error("POST", path, 409, "CONFIRMATION_DECIDED", json=body)
        other = await session_with_tools(api)
        await api.error("POST", f"/chat/{other}/confirm-tool", 404, "CONFIRMATION_NOT_FOUND", json=body)


async def test_denied_and_changed_calls(tmp_path: Path, ollama_server: OllamaServer) -> None:
    tools_in(tmp_path)
    ollama_server.answer_next(calling(("note", {"text": "a"}), ("note", {"text": "b"})), saying("so be it"))
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await session_with_tools(api)
        async with api.stream(session_id) as events:
            first, second = await question(events), await question(events)
            wrong = {"confirmation_id": first.data["confirmation_id"], "approved": True, "arguments": {"txet": 1}}
            await api.error("POST", f"/chat/{session_id}/confirm-tool", 422, "VALIDATION_ERROR", json=wrong)
            await confirm(api, session_id, first, arguments={"text": "better"})
            await confirm(api, session_id, second, approved=False, reason="enough")
            rest = await events.rest()
        results = [event.data for event in rest if event.name == "tool_result"]
        assert [(each["success"], each["error_code"]) for each in results] == [
            (True, None),
            (False, "TOOL_EXECUTION_DENIED"),
        ]
        assert noted(tmp_path) == ["better"]
        sent: Json = ollama_server.chats[-1]["messages"]
        assert "changed the arguments" in sent[-2]["content"]
        assert "enough" in sent[-1]["content"]


async def test_a_tool_that_ends_its_process_fails_its_own_call(tmp_path: Path, ollama_server: OllamaServer) -> None:
    tools_in(tmp_path)
    ollama_server.answer_next(calling(("leave", {}), ("add", {"a": 1}), ("linger", {"text": "x"})), saying("ok"))
    async with served(tmp_path, ollama_server.url, tool_timeout=5) as api:
        session_id = await session_with_tools(api, "never_confirm")
        async with api.stream(session_id) as events:
            rest = await events.rest()
        results = [event.data["error_code"] for event in rest if event.name == "tool_result"]
        assert results == ["TOOL_EXECUTION_FAILED", None, "TOOL_TIMEOUT"]


async def test_a_whole_answer_cannot_ask_and_leaves_the_session_as_it_was(
    tmp_path: Path, ollama_server: OllamaServer
) -> None:
    tools_in(tmp_path)
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await session_with_tools(api, add="never_confirm")
        await api.answer(session_id, "first")
        before = await api.call("GET", f"/sessions/{session_id}")
        ollama_server.answer_next(calling(("add", {"a": 1})), calling(("note", {"text": "x"})))
        body = {"message": "second"}
        details = await api.error("POST", f"/chat/{session_id}", 409, "TOOL_CONFIRMATION_REQUIRED", json=body)
        assert [each["result"] for each in details["tool_calls_executed"]] == ["2"]
        after = await api.call("GET", f"/sessions/{session_id}")
        for each in (before, after):
            del each["context_window"]["estimate_error"]  # what was learnt of the model's tokens stays learnt
        assert after == before
        assert noted(tmp_path) == []


async def test_a_reader_who_leaves_has_denied(tmp_path: Path, ollama_server: OllamaServer) -> None:
    tools_in(tmp_path)
    ollama_server.answer_next(calling(("note", {"text": "x"})))
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await session_with_tools(api)
        async with api.stream(session_id) as events:
            asked = await question(events)
        assert (await until_ended(api, session_id))["status"] == "cancelled"
        body = {"confirmation_id": asked.data["confirmation_id"], "approved": True}
        await api.error("POST", f"/chat/{session_id}/confirm-tool", 409, "CONFIRMATION_DECIDED", json=body)
        assert (await api.last_message(session_id))["role"] == "tool"
        assert noted(tmp_path) == []


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_a_question_outlives_its_server(
    tmp_path: Path, kept: Kept, ollama_server: OllamaServer, end: signal.Signals
) -> None:
    tools_in(tmp_path)
    ollama_server.answer_next(calling(("note", {"text": "one"}), ("note", {"text": "two"})), saying("both"))
    async with running(tmp_path, ollama_server.url, **kept.settings) as (server, api):
        session_id = await session_with_tools(api)
        async with api.stream(session_id, on_disconnect="continue") as events:
            first, second = await question(events), await question(events)
            await confirm(api, session_id, second, approved=False)
            await server.end(end)
    async with running(tmp_path, ollama_server.url, **kept.settings) as (_, api):
        run = await api.run(session_id, first.run_id)
        assert run["status"] == "awaiting_confirmation"
        assert [each["confirmation_id"] for each in run["confirmations"]] == [first.data["confirmation_id"]]
        await api.error("POST", f"/chat/{session_id}", 409, "SESSION_BUSY", json={"message": "x"})
        async with api.join(session_id, last_event_id=second.event_id) as events:
            snapshot = await events.next()
            assert snapshot.name == "snapshot"
            assert snapshot.data["confirmations"] == run["confirmations"]
            assert snapshot.sequence > second.sequence
            await confirm(api, session_id, first)
            rest = await events.rest()
        assert [event.data["success"] for event in rest if event.name == "tool_result"] == [True, False]
        assert text_of(rest) == "both"
        assert [event.sequence for event in rest] == list(range(rest[0].sequence, rest[0].sequence + len(rest)))
        roles = [message["role"] for message in await api.messages(session_id)]
        assert roles == ["user", "assistant", "tool", "tool", "assistant"]
        assert noted(tmp_path) == ["one"]


async def test_a_call_that_had_begun_when_the_server_was_killed_is_not_made_again(
    tmp_path: Path, kept: Kept, ollama_server: OllamaServer
) -> None:
    tools_in(tmp_path)
    ollama_server.answer_next(calling(("linger", {"text": "once"}), ("note", {"text": "later"})), saying("ok"))
    async with running(tmp_path, ollama_server.url, **kept.settings) as (server, api):
        session_id = await session_with_tools(api)
        async with api.stream(session_id, on_disconnect="continue") as events:
            first, second = await question(events), await question(events)
            await confirm(api, session_id, first)
            await until_noted(tmp_path, "once")
            await server.end(signal.SIGKILL)
    async with running(tmp_path, ollama_server.url, **kept.settings) as (_, api):
        async with api.join(session_id) as events:
            await confirm(api, session_id, second)
            rest = await events.rest()
        assert [event.data["success"] for event in rest if event.name == "tool_result"][-1] is True
        assert "not known" in (await api.messages(session_id))[2]["content"]
        assert noted(tmp_path) == ["once", "later"]


async def test_answers_in_the_instant_of_the_question_all_count(tmp_path: Path, ollama_server: OllamaServer) -> None:
    tools_in(tmp_path)
    rounds = 10
    ollama_server.answer_always(calling(("add", {"a": 1})))
    async with served(tmp_path, ollama_server.url, max_tool_rounds=rounds) as api:

        async def answer_all(session_id: str) -> None:
            async with api.stream(session_id) as events:
                for _ in range(rounds):
                    await confirm(api, session_id, await question(events))
                    assert (await events.next()).data["result"] == "2"
                assert (await events.rest())[-2].data["code"] == "TOOL_ROUNDS_EXCEEDED"

        session_ids = await asyncio.gather(*(session_with_tools(api) for _ in range(10)))
        await asyncio.gather(*map(answer_all, session_ids))


async def test_of_doubled_answers_one_counts(tmp_path: Path, ollama_server: OllamaServer) -> None:
    tools_in(tmp_path)
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await session_with_tools(api)
        ollama_server.answer_next(calling(*[("note", {"text": str(n)}) for n in range(20)]), saying("ok"))
        async with api.stream(session_id) as events:
            asked = [await question(events) for _ in range(20)]
            path = f"/api/v1/chat/{session_id}/confirm-tool"

            async def answer(each: Event) -> int:
                body = {"confirmation_id": each.data["confirmation_id"], "approved": True}
                async with api.client.post(path, json=body) as said:
                    return said.status

            statuses = await asyncio.gather(*(answer(each) for each in asked for _ in range(2)))
            await events.rest()
        assert sorted(statuses) == [200] * 20 + [409] * 20
        assert noted(tmp_path) == [str(n) for n in range(20)]
