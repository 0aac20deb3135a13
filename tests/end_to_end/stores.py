"""Where the servers of a test keep what they have."""

import asyncio
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.sql.run_rows import RUNS
from tests.databases import postgres_url

STORES = ("json", "sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Kept:
    """`settings` choose the store, by their field names."""

    kind: str
    folder: Path
    settings: Mapping[str, str]

    async def flushed(self, text: str) -> None:
        """Until the text is where a dead process cannot take it along; a second at most, by the contract."""
        async with asyncio.timeout(5):
            while text not in await self._flushed_text():  # noqa: ASYNC110 - the store of another process calls nobody
                await asyncio.sleep(0.02)

    async def _flushed_text(self) -> str:
        if self.kind == "json":
            return await asyncio.to_thread(self._text_in_files)
        if self.kind == "sqlite":
            return await asyncio.to_thread(self._text_in_sqlite)
        engine = create_async_engine(self.settings["database_url"], poolclass=NullPool)
        async with engine.connect() as connection:
            texts = select(RUNS.c.partial_answer).where(RUNS.c.partial_answer.is_not(None))
            return "\n".join((await connection.execute(texts)).scalars())

    def _text_in_files(self) -> str:
        logs = (self.folder / "chat_sessions" / ".runs").glob("text-*.jsonl")
        return "\n".join(log.read_text() for log in logs)

    def _text_in_sqlite(self) -> str:
        connection = sqlite3.connect(self.folder / "mochi.db")
        try:
            return "\n".join(
                row[0]
                for row in connection.execute("SELECT partial_answer FROM mochi_runs WHERE partial_answer IS NOT NULL")
            )
        finally:
            connection.close()


async def kept_in(kind: str, folder: Path) -> Kept:
    match kind:
        case "json":
            settings = {"storage": "json"}
        case "sqlite":
            settings = {"storage": "sql"}
        case _:
            url = (await postgres_url(folder)).render_as_string(hide_password=False)
            settings = {"storage": "sql", "database_url": url}
    return Kept(kind, folder, settings)
