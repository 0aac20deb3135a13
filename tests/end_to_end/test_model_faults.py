"""All that an Ollama can do wrong: one clear error, the text that came is kept, and the session goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.doubles.ollama_server.script import (
    Answer,
    Cut,
    EndEarly,
    Failure,
    Piece,
    Raw,
    Refusal,
    Reply,
    Silence,
    Step,
    busy,
    error,
)
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Json, names_of, text_of
from tests.end_to_end.servers import served

SHORT_PATIENCE = 0.3
NESTED = '{"error":{"code":400,"message":"no such schema","type":"invalid_request_error"}}'


@dataclass(frozen=True)
class Fault:
    name: str
    answer: Answer
    code: str = "OLLAMA_ERROR"
    status: int = 502
    text: str = ""
    words: str = ""

    def __str__(self) -> str:
        return self.name


def after_text(*steps: Step) -> Reply:
    return Reply([Piece("kept"), Piece(" text"), *steps])


def line(value: bytes) -> Sequence[Step]:
    return [Raw(value + b"\n")]


FAULTS = [
    Fault("a full queue", busy(), words="maximum pending requests exceeded"),
    Fault("a status", error(500, "out of memory"), words="out of memory"),
    Fault("a nested refusal", error(400, NESTED), words="no such schema"),
    Fault("a missing model", error(404, "model 'tiny' not found"), "MODEL_NOT_FOUND", 404),
    Fault("no words", Refusal(403)),
    Fault("a proxy's page", Refusal(502, b"<html>Bad gateway</html>")),
    Fault("an error before any token", Reply([Failure("no slot")]), words="no slot"),
    Fault("a cut before any byte", Reply([Cut()])),
    Fault("silence before any byte", Reply([Silence()]), "OLLAMA_TIMEOUT", 504),
    Fault("an error line", after_text(Failure("runner died")), text="kept text", words="runner died"),
    Fault("a cut", after_text(Cut()), text="kept text"),
    Fault("a close", after_text(Cut(reset=False)), text="kept text"),
    Fault("no last chunk", after_text(EndEarly()), text="kept text"),
    Fault("silence", after_text(Silence()), "OLLAMA_TIMEOUT", 504, "kept text"),
    Fault("garbage", after_text(*line(b"!")), text="kept text"),
    Fault("half a line", after_text(Raw(b'{"message": {"content"'), EndEarly()), text="kept text"),
    Fault("another shape", after_text(*line(b'{"message": {"content": 5}, "done": false}')), text="kept text"),
    Fault("a bare number", after_text(*line(b"5")), text="kept text"),
    Fault("deep nesting", after_text(*line(b"[" * 100_000)), text="kept text"),
]


@pytest.fixture
async def api(tmp_path: Path, ollama_server: OllamaServer) -> Json:
    async with served(tmp_path, ollama_server.url, ollama_timeout=SHORT_PATIENCE) as api:
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
