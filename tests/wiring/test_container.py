"""The container, for each setting that chooses an adapter."""

import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from application.ports.prompt_store import PromptStore
from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from entrypoints.container import Container
from entrypoints.lifespan import opened
from entrypoints.settings import Settings
from tests.contracts.samples import session


@pytest.mark.parametrize("llm", ["ollama", "demo"])
@pytest.mark.parametrize("storage", ["json", "sql", "memory"])
async def test_every_provider_builds(
    storage: Literal["json", "sql", "memory"], llm: Literal["ollama", "demo"], tmp_path: Path
) -> None:
    container = Container(settings=Settings(storage=storage, llm=llm, data_dir=tmp_path))

    built = {name: provider() for name, provider in container.providers.items()}

    assert all(value is not None for value in built.values())
    assert SessionStore in type(built["session_store"]).__mro__
    assert SessionStore in type(built["agent_session_store"]).__mro__
    assert RunStore in type(built["run_store"]).__mro__
    assert PromptStore in type(built["prompt_store"]).__mro__
    for client in container.clients():
        await client.aclose()


async def test_a_database_keeps_both_kinds_of_sessions_apart(tmp_path: Path) -> None:
    settings = Settings(llm="demo", storage="sql", data_dir=tmp_path)
    async with opened(Container(settings=settings)) as container:
        await container.session_store().create(session(1, model="chat"))
        await container.agent_session_store().create(session(1, model="agent"))

    async with opened(Container(settings=settings)) as container:
        loaded = [
            (await store.load(session(1).session_id)).model
            for store in (container.session_store(), container.agent_session_store())
        ]

    assert loaded == ["chat", "agent"]
    assert (tmp_path / "mochi.db").is_file()


def test_without_a_database_nothing_that_speaks_sql_is_imported() -> None:
    program = (
        "import sys; from entrypoints.lifespan import create_app; from entrypoints.settings import Settings; "
        "create_app(Settings(llm='demo')); "
        "print(sorted({'sqlalchemy', 'sqlmodel', 'alembic', 'asyncpg', 'sqlite3'} & set(sys.modules)))"
    )

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)

    assert loaded.stdout == "[]\n"


def test_a_database_that_is_current_takes_no_alembic(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from adapters.sql.sqlite import SqliteDatabase\n"
        "async def main():\n"
        "    database = SqliteDatabase(Path(sys.argv[1], 'mochi.db'))\n"
        "    await database.open(); await database.aclose()\n"
        "asyncio.run(main()); print('alembic' in sys.modules)"
    )
    loads = [
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, timeout=30
        ).stdout
        for _ in range(2)
    ]

    assert loads == ["True\n", "False\n"]
