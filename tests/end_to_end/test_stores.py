"""A whole server over each store, closed and opened again: the store cannot be told from its answers."""

import asyncio
from pathlib import Path

from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Json
from tests.end_to_end.servers import served
from tests.end_to_end.stores import Kept
from tests.end_to_end.test_text import HARD


async def ids_of(api: Api, **query: str) -> list[str]:
    listed = (await api.call("GET", "/sessions", params=query))["sessions"]
    return [session["session_id"] for session in listed]


async def contents_of(api: Api, session_id: str) -> list[str]:
    return [message["content"] for message in await api.messages(session_id)]


async def test_what_was_said_and_changed_is_there_after_a_restart(
    tmp_path: Path, kept: Kept, ollama_server: OllamaServer
) -> None:
    async with served(tmp_path, ollama_server.url, **kept.settings) as api:
        first = await api.new_session(system_prompt="Be kind.")
        await api.answer(first, HARD)
        await api.answer(first, "about apples")
        edited = {"content": "about pears"}
        await api.call("PUT", f"/sessions/{first}/messages/3", json=edited)
        await api.answer(first, None)
        fork = (await api.call("POST", f"/sessions/{first}/fork", 201, json={"message_index": 2}))["session_id"]
        await api.call("DELETE", f"/sessions/{first}/system-prompt", 204)
        gone = await api.new_session()
        await api.answer(gone, "about apples")
        await api.call("DELETE", f"/sessions/{gone}", 204)
        before: Json = await api.call("GET", "/sessions")
        shown: Json = await api.call("GET", f"/sessions/{first}")
        runs = await api.runs(first)

    async with served(tmp_path, ollama_server.url, **kept.settings) as api:
        assert await api.call("GET", "/sessions") == before
        again = await api.call("GET", f"/sessions/{first}")
        assert {**again, "context_window": None} == {**shown, "context_window": None}, "what was learned of it is gone"
        assert await api.runs(first) == runs
        assert await contents_of(api, first) == [HARD, f"You said: {HARD}", "about pears", "You said: about pears"]
        assert await contents_of(api, fork) == ["Be kind.", HARD, f"You said: {HARD}"]
        assert await ids_of(api, q="PEA") == [first]
        assert await ids_of(api, q="apples") == []
        await api.error("GET", f"/sessions/{gone}", 404, "SESSION_NOT_FOUND")
        exported = await api.call("GET", f"/sessions/{first}/export")
        imported = (await api.call("POST", "/sessions/import", 201, json=exported))["session_id"]
        assert await contents_of(api, imported) == await contents_of(api, first)


async def test_many_talk_at_once(tmp_path: Path, kept: Kept, ollama_server: OllamaServer) -> None:
    async with served(tmp_path, ollama_server.url, **kept.settings) as api:
        sessions = [await api.new_session() for _ in range(5)]

        async def talk(session_id: str) -> None:
            for number in range(4):
                await api.answer(session_id, f"turn {number}", if_busy="enqueue")
                await api.call("GET", "/sessions", params={"limit": "3", "q": "turn"})

        await asyncio.gather(*map(talk, sessions))
        for session_id in sessions:
            assert (await contents_of(api, session_id))[::2] == [f"turn {number}" for number in range(4)]
        assert sorted(await ids_of(api)) == sorted(sessions)
