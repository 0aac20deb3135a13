"""All that an Ollama can do wrong: one clear error, the text that came is kept, and the session goes on."""

from pathlib import Path

import pytest

from tests.doubles.ollama_server.script import Piece, Reply, saying, tool_call
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Json, names_of, text_of
from tests.end_to_end.faults import FAULTS, Fault
from tests.end_to_end.servers import served

SHORT_PATIENCE = 3.0
"""What comes after the silence, and before it, has to come within it on a machine that has other things to do."""

LONG_PATIENCE = 20.0


@pytest.fixture
def patience(request: pytest.FixtureRequest) -> float:
    """Short where silence is what is tried; else long enough for a machine that has other things to do."""
    fault = request.node.callspec.params.get("fault") if hasattr(request.node, "callspec") else None
    return SHORT_PATIENCE if isinstance(fault, Fault) and fault.code == "OLLAMA_TIMEOUT" else LONG_PATIENCE


@pytest.fixture
async def api(tmp_path: Path, ollama_server: OllamaServer, patience: float) -> Json:
    async with served(tmp_path, ollama_server.url, ollama_timeout=patience) as api:
        yield api


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_it_is_an_event_and_the_text_is_kept(api: Api, ollama_server: OllamaServer, fault: Fault) -> None:
    session_id = await api.new_session()
    ollama_server.answer_next(fault.answer)
    async with api.stream(session_id) as events:
        got = await events.rest()
    assert text_of(got) == fault.text
    assert names_of(got)[-2:] == ["error", "done"]
    assert names_of(got).count("error") == 1
    failure = got[-2].data
    assert set(failure) == {"code", "message", "details", "retryable"}
    assert failure["code"] == fault.code
    assert failure["retryable"] is (fault.code != "MODEL_NOT_FOUND")
    assert fault.words in failure["message"]
    assert got[-1].data["status"] == "failed"
    [run] = await api.runs(session_id)
    assert (run["status"], run["error"]["code"]) == ("failed", fault.code)
    await check_history_and_go_on(api, session_id, fault)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_it_is_the_error_of_the_answer_in_one(api: Api, ollama_server: OllamaServer, fault: Fault) -> None:
    session_id = await api.new_session()
    ollama_server.answer_next(fault.answer)
    body = {"message": "hello"}
    details = await api.error("POST", f"/chat/{session_id}", fault.status, fault.code, json=body)
    assert details["run_id"] == (await api.runs(session_id))[0]["run_id"]
    await check_history_and_go_on(api, session_id, fault)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_it_ends_an_agents_run_and_the_agents_text_is_kept(
    tmp_path: Path, ollama_server: OllamaServer, patience: float, fault: Fault
) -> None:
    agent = tmp_path / "agents" / "cook"
    agent.mkdir(parents=True)
    (agent / "SKILL.md").write_text("---\ndescription: It cooks.\n---\nYou cook.")
    (agent / "__init__.py").write_text("def stir() -> str:\n    return ''\n")
    order = tool_call("agent", {"agent": "cook", "instruction": "Cook."}, "call_d")
    async with served(tmp_path, ollama_server.url, ollama_timeout=patience) as api:
        session_id = await api.new_session("tiny-tools", agent_settings={"enabled_agents": ["cook"]})
        ollama_server.answer_next(Reply([Piece(tool_calls=[order])]), saying("A plan."), fault.answer)
        async with api.stream(session_id) as events:
            got = await events.rest()
        assert names_of(got)[-3:] == ["agent_complete", "error", "done"]
        assert got[-2].data["code"] == fault.code
        [own] = (await api.call("GET", "/agents/chats"))["sessions"]
        messages = (await api.call("GET", f"/agents/chats/{own['session_id']}"))["messages"]
        texts = [message["content"] for message in messages if message["role"] == "assistant"]
        assert texts == ["A plan.", *([fault.text] if fault.text else [])]
        assert (await api.answer(session_id, "again"))["message"]["content"] == "You said: again"


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_it_is_the_error_of_a_summary(api: Api, ollama_server: OllamaServer, fault: Fault) -> None:
    session_id = await api.new_session()
    await api.answer(session_id, "hello")
    # A summary that is not understood is asked for once more.
    ollama_server.answer_next(fault.answer, fault.answer)
    await api.error("POST", f"/sessions/{session_id}/summarize", fault.status, fault.code, json={})
    ollama_server.drop_answers()
    assert (await api.call("GET", f"/sessions/{session_id}/summary"))["summary"] is None
    assert (await api.answer(session_id, "again"))["message"]["content"] == "You said: again"


async def check_history_and_go_on(api: Api, session_id: str, fault: Fault) -> None:
    user, *partial = await api.messages(session_id)
    assert (user["role"], user["content"]) == ("user", "hello")
    expected = [(fault.text, "error")] if fault.text else []
    assert [(message["content"], message["done_reason"]) for message in partial] == expected
    assert (await api.answer(session_id, "again"))["message"]["content"] == "You said: again"


async def test_no_ollama_is_told_at_once(tmp_path: Path) -> None:
    async with OllamaServer() as gone:
        url = gone.url
    async with served(tmp_path, url) as api:
        await api.error("POST", "/sessions", 502, "OLLAMA_UNREACHABLE", json={"model": "tiny"})
        assert (await api.call("GET", "/sessions"))["sessions"] == []


async def test_an_ollama_that_goes_while_sessions_are_there(tmp_path: Path, ollama_server: OllamaServer) -> None:
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await api.new_session()
        await ollama_server.stop()
        for _ in range(2):
            async with api.stream(session_id) as events:
                start, failure, done = await events.rest()
            assert (start.name, failure.data["code"]) == ("run_start", "OLLAMA_UNREACHABLE")
            assert (failure.data["retryable"], done.data["status"]) == (True, "failed")
        await api.error("POST", f"/chat/{session_id}", 502, "OLLAMA_UNREACHABLE", json={"message": "x"})
        assert [message["role"] for message in await api.messages(session_id)] == ["user"] * 3

    async with served(tmp_path, ollama_server.url) as api:
        # A new server does not know the model yet.
        async with api.stream(session_id, think=True) as events:
            start, failure, _ = await events.rest()
        assert (start.data["warnings"], failure.data["code"]) == ([], "OLLAMA_UNREACHABLE")


async def test_an_ollama_that_says_nothing_of_its_models(tmp_path: Path, ollama_server: OllamaServer) -> None:
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await api.new_session()
    ollama_server.hang("/api/show")
    async with served(tmp_path, ollama_server.url, ollama_timeout=SHORT_PATIENCE) as api:
        async with api.stream(session_id) as events:
            assert [event.data.get("code") for event in await events.rest()] == [None, "OLLAMA_TIMEOUT", None]
        await api.error("POST", "/sessions", 504, "OLLAMA_TIMEOUT", json={"model": "tiny"})


@pytest.mark.parametrize("model", ["nope", "../tiny", "hub.example/people/none", "a b", "\u2028"])
async def test_a_model_that_is_not_there(api: Api, model: str) -> None:
    await api.error("POST", "/sessions", 404, "MODEL_NOT_FOUND", json={"model": model})


async def test_a_model_that_holds_no_conversations(api: Api) -> None:
    session_id = await api.new_session("tiny-embed")
    for _ in range(2):
        body = {"message": "x"}
        answer = await api.call("POST", f"/chat/{session_id}", 502, json=body)
        assert '"tiny-embed" does not support chat' in answer["error"]["message"]


async def test_a_model_that_is_removed_meanwhile(tmp_path: Path, ollama_server: OllamaServer) -> None:
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await api.new_session()
        removed = ollama_server.models.pop("tiny:latest")
        details = await api.error("POST", f"/chat/{session_id}", 404, "MODEL_NOT_FOUND", json={"message": "x"})
        assert details["model"] == "tiny"
    async with served(tmp_path, ollama_server.url) as api:
        await api.error("POST", f"/chat/{session_id}", 404, "MODEL_NOT_FOUND", json={"message": "x"})
        ollama_server.models["tiny:latest"] = removed
        assert (await api.answer(session_id, "again"))["message"]["content"] == "You said: again"
