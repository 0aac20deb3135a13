"""A database server that goes away under load and comes back."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from adapters.sql.run_store import SqlRunStore
from adapters.sql.session_store import SqlSessionStore
from application.ports.session_store import SessionStore
from domain.errors import StorageFailed
from tests.contracts.samples import after, session, user
from tests.contracts.test_run_store import ended, run
from tests.crash.restarts import PostgresServer, database_of, new_server
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.servers import served

WRITERS = 8
PATIENCE = 60.0
"""Seconds for what takes a few on an idle machine."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    server = new_server()
    yield server
    server.remove()


class Load:
    """Appends to sessions of its own, one writer each, without end; a message that was refused is given up."""

    def __init__(self, sessions: SessionStore) -> None:
        self._sessions = sessions
        self._news = asyncio.Event()
        self.acknowledged: dict[str, list[str]] = {session(number).session_id: [] for number in range(WRITERS)}
        self.refused: Counter[str] = Counter()

    async def write(self, session_id: str) -> None:
        number = 0
        while True:
            number += 1
            message = user(number)
            try:
                await self._sessions.append(session_id, [message], after(number))
            except StorageFailed:
                self.refused[session_id] += 1
                await asyncio.sleep(0.01)
            else:
                self.acknowledged[session_id].append(message.message_id)
            self._news.set()

    async def until_all_have_more(self) -> None:
        """Each writer has five messages more acknowledged than now."""
        goal = {session_id: len(acknowledged) + 5 for session_id, acknowledged in self.acknowledged.items()}
        while any(len(self.acknowledged[session_id]) < count for session_id, count in goal.items()):
            await self._wait()

    async def until_all_were_refused(self) -> None:
        before = self.refused.copy()
        while any(self.refused[session_id] == before[session_id] for session_id in self.acknowledged):
            await self._wait()

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()


@pytest.mark.parametrize("how", ["fast", "crash"])
async def test_nothing_acknowledged_is_missing_after_a_restart_and_all_goes_on(
    postgres: PostgresServer, how: Literal["fast", "crash"]
) -> None:
    async with database_of(postgres) as database, asyncio.timeout(PATIENCE):
        sessions, runs = SqlSessionStore(database, "chats"), SqlRunStore(database)
        load = Load(sessions)
        for session_id in load.acknowledged:
            await sessions.create(session(int(session_id, 16)))
        await runs.claim(run(1))
        writers = [asyncio.create_task(load.write(session_id)) for session_id in load.acknowledged]
        await load.until_all_have_more()
        await asyncio.to_thread(postgres.stop, how)
        await load.until_all_were_refused()
        await asyncio.to_thread(postgres.start)
        await load.until_all_have_more()
        for writer in writers:
            writer.cancel()
        await asyncio.wait(writers)
        for session_id, acknowledged in load.acknowledged.items():
            kept = [message.message_id for message in (await sessions.load(session_id)).messages]
            assert len(set(kept)) == len(kept)
            assert set(acknowledged) <= set(kept)
            assert len(kept) <= len(acknowledged) + load.refused[session_id] + 1
        # This process lives, and its run with it.
        await runs.update(ended(run(1)))
        await claimed(runs)
        assert list(await runs.abandoned()) == []
        for session_id in load.acknowledged:
            await sessions.delete(session_id)
        await runs.forget(run(1).session_id)


async def claimed(runs: SqlRunStore) -> None:
    """Soon after a restart the database may not know yet that this process lives."""
    while True:
        try:
            await runs.claim(run(2))
        except StorageFailed:
            await asyncio.sleep(0.05)
        else:
            return


async def test_a_server_answers_clearly_meanwhile_and_works_again_by_itself(
    postgres: PostgresServer, ollama_server: OllamaServer, tmp_path: Path
) -> None:
    async with database_of(postgres):
        pass
    url = postgres.url.render_as_string(hide_password=False)
    async with served(tmp_path, ollama_server.url, storage="sql", database_url=url) as api:
        session_id = await api.new_session()
        await api.answer(session_id, "before")
        await asyncio.to_thread(postgres.stop, "crash")
        await api.error("POST", f"/chat/{session_id}", 503, "STORAGE_ERROR", json={"message": "meanwhile"})
        await api.error("GET", f"/sessions/{session_id}", 503, "STORAGE_ERROR")
        await api.error("POST", "/sessions", 503, "STORAGE_ERROR", json={"model": "tiny"})
        assert (await api.call("GET", "/health"))["status"] == "ok"
        await asyncio.to_thread(postgres.start)
        async with asyncio.timeout(PATIENCE):
            while (await api.client.post(f"/api/v1/chat/{session_id}", json={"message": "after"})).status == 503:
                continue
        contents = [message["content"] for message in await api.messages(session_id)]
        assert contents == ["before", "You said: before", "after", "You said: after"]
