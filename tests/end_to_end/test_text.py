"""Text that breaks careless programs, from the client to the model, the file and back."""

from pathlib import Path

import orjson
import pytest

from tests.doubles.ollama_server.script import Piece, Raw, Reply, saying
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Json, text_of
from tests.end_to_end.servers import served

HARD = "\0 \u2028\u2029\x85\r\n\r \ufeff\uffff\U0010ffff 👩‍👩‍👧 \u202e ä \x1b[31m \x7f data: x\n\nid: 1"


async def test_it_comes_back_as_it_was_sent(tmp_path: Path, ollama_server: OllamaServer) -> None:
    pieces = [HARD[:9], HARD[9:]]
    ollama_server.answer_next(saying(*pieces))
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await api.new_session()
        async with api.stream(session_id, HARD) as events:
            got = await events.rest()
    assert [event.data["content"] for event in got if event.name == "content_delta"] == pieces
    assert ollama_server.chats[0]["messages"] == [{"role": "user", "content": HARD}]
    stored = orjson.loads((tmp_path / "chat_sessions" / f"{session_id}.json").read_bytes())
    assert [message["content"] for message in stored["messages"]] == [HARD, HARD]
    async with served(tmp_path, ollama_server.url) as api:
        assert [message["content"] for message in await api.messages(session_id)] == [HARD, HARD]
        snapshot, _ = await api.joined(session_id)
        assert snapshot.data["content"] == HARD
        await api.answer(session_id, None)
    sent: Json = ollama_server.chats[-1]["messages"]
    assert [message["content"] for message in sent] == [HARD, HARD]


async def test_half_a_character_of_the_models_is_replaced(api: Api, ollama_server: OllamaServer) -> None:
    line = b'{"model":"tiny","message":{"role":"assistant","content":"a\\ud800b","thinking":"\\udc00"},"done":false}\n'
    raw = b'{"model":"tiny","message":{"role":"assistant","content":"\xff"},"done":false}\n'
    ollama_server.answer_next(Reply([Raw(line), Raw(raw)]))
    session_id = await api.new_session()
    async with api.stream(session_id) as events:
        got = await events.rest()
    assert text_of(got) == "a\ufffdb\ufffd"
    message = await api.last_message(session_id)
    assert (message["content"], message["thinking"]) == ("a\ufffdb\ufffd", "\ufffd")


@pytest.mark.parametrize("body", [b'{"message": "\\ud800"}', b'{"message": "\xed\xa0\x80"}', b'{"message": "\xff"}'])
async def test_half_a_character_of_the_clients_is_refused(api: Api, body: bytes) -> None:
    session_id = await api.new_session()
    headers = {"Content-Type": "application/json"}
    for path in (f"/chat/{session_id}", f"/chat/{session_id}/stream"):
        await api.error("POST", path, 422, "VALIDATION_ERROR", data=body, headers=headers)


async def test_half_a_character_in_an_old_file_breaks_no_stream(tmp_path: Path, ollama_server: OllamaServer) -> None:
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await api.new_session()
        await api.answer(session_id, "hi")
    path = tmp_path / "chat_sessions" / f"{session_id}.json"
    path.write_bytes(path.read_bytes().replace(b"You said: hi", b"half \\ud800"))
    async with served(tmp_path, ollama_server.url) as api:
        assert (await api.last_message(session_id))["content"] == "half \ufffd"
        snapshot, done = await api.joined(session_id)
        assert snapshot.data["content"] == "half \ufffd"
        assert done.data["status"] == "completed"
        ollama_server.answer_next(saying(" more"))
        assert text_of_answer(await api.answer(session_id, None)) == "half \ufffd more"


def text_of_answer(answer: Json) -> str:
    text: str = answer["message"]["content"]
    return text


async def test_a_long_piece_and_a_long_message(api: Api, ollama_server: OllamaServer) -> None:
    piece = "ü" * 3_000_000
    ollama_server.answer_next(Reply([Piece(piece), Piece("end")]))
    session_id = await api.new_session(context_window={"manual_override": True, "current_window": 8192})
    async with api.stream(session_id, "x") as events:
        got = await events.rest()
    assert [len(event.data["content"]) for event in got if event.name == "content_delta"] == [len(piece), 3]
    assert (await api.last_message(session_id))["content"] == piece + "end"
