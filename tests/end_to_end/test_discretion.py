"""What people, models and tools say is in no line of the log, however things end; and the lines say what happened."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, redirect_stderr
from pathlib import Path
from typing import Literal

import orjson
import pytest

from application.ports.language_model import ModelChunk, ModelEnd
from domain.message import ToolCall
from entrypoints.http.app import build_app
from entrypoints.http.config import HttpConfig
from entrypoints.http.open_stream import StreamKeeper
from entrypoints.logging_setup import configure_logging
from entrypoints.serving import listening
from tests.doubles.ollama_server.script import Piece, Reply, Silence, error, saying, tool_call
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Json, api_at, names_of
from tests.end_to_end.servers import served
from tests.fakes.house import House
from tests.fakes.scripted_model import ScriptedModel

CANARY = "canary-that-sings-to-nobody"
MODEL = "tiny-tools"
TOOLS = f'''
def tell(text: str) -> str:
    """Tell {CANARY}."""
    return f"told {{text}} {CANARY}"


def break_down(text: str) -> str:
    """Break."""
    print("{CANARY}")
    raise ValueError(text)
'''
KEY = {"Authorization": f"Bearer {CANARY}"}

LogFormat = Literal["text", "json"]


class Log:
    def __init__(self, log_format: LogFormat) -> None:
        self.format = log_format
        self.written = io.StringIO()

    def lines(self) -> list[str]:
        return self.written.getvalue().splitlines()


@pytest.fixture(params=["text", "json"])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    """As a server at its default level writes it."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logging.Logger.manager.loggerDict}
    log = Log(request.param)
    with redirect_stderr(log.written):
        configure_logging("INFO", log.format)
    yield log
    root.handlers[:] = before
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


@pytest.fixture
async def api(tmp_path: Path, ollama_server: OllamaServer, log: Log) -> AsyncIterator[Api]:
    assert log.format
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "kit.py").write_text(TOOLS)
    async with served(tmp_path, ollama_server.url, api_keys=(CANARY,)) as api:
        yield api


def calling(name: str) -> Reply:
    return Reply([Piece(tool_calls=[tool_call(name, {"text": CANARY}, "call_0")])])


async def new_session(api: Api, policy: str = "never_confirm") -> str:
    settings = {"tools": ["tell", "break_down"], "execution_policy": policy}
    body = {"model": MODEL, "system_prompt": CANARY, "tool_settings": settings}
    session_id: str = (await api.call("POST", "/sessions", 201, json=body, headers=KEY))["session_id"]
    return session_id


async def say(api: Api, session_id: str, **fields: Json) -> list[str]:
    async with api.stream(session_id, f"hello {CANARY}", headers=KEY, **fields) as events:
        return names_of(await events.rest())


async def agree(api: Api, session_id: str) -> None:
    """A conversation in which a person is asked, changes the arguments, and says why not the next time."""
    for approved in (True, False):
        async with api.stream(session_id, CANARY, headers=KEY) as events:
            question = (await events.until("tool_call_confirmation_required"))[-1].data
            answer = {"confirmation_id": question["confirmation_id"], "approved": approved}
            answer |= {"arguments": {"text": f"{CANARY} 2"}} if approved else {"reason": CANARY}
            await api.call("POST", f"/chat/{session_id}/confirm-tool", json=answer, headers=KEY)
            await events.rest()


def assert_discreet(lines: Sequence[str]) -> None:
    assert lines
    assert [line for line in lines if CANARY in line] == []


async def test_a_conversation_leaves_its_course_in_the_log_and_nothing_that_was_said(
    api: Api, ollama_server: OllamaServer, log: Log
) -> None:
    session_id = await new_session(api)
    ollama_server.answer_next(calling("tell"), saying(CANARY, CANARY))
    await say(api, session_id, format={"type": "object", "title": CANARY}, options={"stop": [CANARY]})
    ollama_server.answer_next(calling("tell"), saying(CANARY), calling("tell"), saying(CANARY))
    await agree(api, await new_session(api, "always_confirm"))
    lines = log.lines()

    assert_discreet(lines)
    of_run = [line for line in lines if session_id in line and "run completed after" in line]
    assert len(of_run) == 1
    assert any("POST /api/v1/chat/{session_id}/stream 200" in line for line in lines)
    if log.format == "json":
        line = orjson.loads(of_run[0])
        assert line["session_id"] == session_id
        assert (line["status"], line["model"]) == ("completed", MODEL)
        assert len(line["run_id"]) == len(line["request_id"]) == 16


async def test_what_goes_wrong_is_told_by_its_code_alone(api: Api, ollama_server: OllamaServer, log: Log) -> None:
    session_id = await new_session(api)
    ollama_server.answer_next(calling("break_down"), saying("sorry"))
    await say(api, session_id)
    ollama_server.answer_next(error(500, CANARY))
    await say(api, session_id)
    ollama_server.answer_next(Reply([Piece(CANARY), Silence()]))
    async with api.stream(session_id, CANARY, headers=KEY) as events:
        await events.until("content_delta")
    ollama_server.answer_next(calling(CANARY), saying("sorry"))
    await say(api, session_id, if_busy="enqueue")
    lines = log.lines()

    assert_discreet(lines)
    assert any("run failed: OLLAMA_ERROR" in line for line in lines)


async def test_requests_that_are_refused_leave_nothing_of_themselves(api: Api, log: Log) -> None:
    await api.error("GET", "/sessions", 401, "UNAUTHORIZED", headers={"Authorization": f"Bearer not-{CANARY}"})
    await api.error("GET", f"/{CANARY}?q={CANARY}", 404, "NOT_FOUND", headers=KEY)
    await api.error("GET", f"/sessions/{CANARY}", 404, "SESSION_NOT_FOUND", headers=KEY)
    await api.call("GET", f"/sessions?q={CANARY}", headers=KEY)
    await api.error("GET", f"/models/{CANARY}", 404, "MODEL_NOT_FOUND", headers=KEY)
    as_json = {**KEY, "Content-Type": "application/json"}
    await api.error("POST", "/sessions", 422, "VALIDATION_ERROR", data=f'{{"{CANARY}"', headers=as_json)
    await api.error("POST", "/sessions", 422, "VALIDATION_ERROR", json={"model": 1, CANARY: CANARY}, headers=KEY)
    prompt = {"filename": f"{CANARY}.md", "content": CANARY}
    await api.call("POST", "/system-prompts", 201, json=prompt, headers=KEY)
    await api.call("GET", f"/system-prompts/{CANARY}.md", headers=KEY)

    assert_discreet(log.lines())


@asynccontextmanager
async def house_served(house: House) -> AsyncIterator[Api]:
    """Over parts in memory, with a model that can break in any way."""
    container = house.container
    app = build_app(container.use_cases(), HttpConfig(version="1"), StreamKeeper(), container.observer())
    async with listening(app, "127.0.0.1", 0) as [bound], api_at(bound.url) as api:
        yield api


async def test_a_fault_of_the_servers_own_is_told_by_its_kind_and_place(log: Log) -> None:
    call = ToolCall(call_id="1", tool_name=CANARY, arguments={"text": CANARY})
    broken = RuntimeError(CANARY)
    broken.__cause__ = KeyError({"text": CANARY})
    house = House(
        ScriptedModel([ModelChunk(tool_calls=(call,)), ModelChunk(end=ModelEnd())], [ModelChunk(CANARY), broken])
    )
    async with house_served(house) as api:
        await say(api, await house.session(model="clever"))
        house.catalog.error = ValueError(CANARY)  # type: ignore[assignment]  # such as nobody thought of
        await api.error("GET", f"/models/{CANARY}", 500, "INTERNAL_ERROR")
    text = "\n".join(log.lines())

    assert CANARY not in text
    assert "RuntimeError" in text
    assert "scripted_model.py" in text
    assert "ValueError" in text


async def test_what_is_no_http_leaves_nothing_of_itself(api: Api, log: Log) -> None:
    base = api.client._base_url
    assert base is not None
    for sent in (f"{CANARY}\r\n\r\n", f"GET /{CANARY} HTTP/1.1\r\nHost: {CANARY} x\r\n{CANARY}\r\n\r\n"):
        reader, writer = await asyncio.open_connection(base.host, base.port)
        writer.write(sent.encode())
        assert b"400" in await reader.readline()
        writer.close()
        await writer.wait_closed()

    assert_discreet(log.lines())
