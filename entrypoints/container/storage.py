"""Where sessions, runs and prompts are kept."""

from typing import TYPE_CHECKING, Literal

from dependency_injector import providers

from adapters.codec.transfer import digest_of
from adapters.json_files.prompt_store import FilePromptStore
from adapters.json_files.run_store import JsonRunStore
from adapters.json_files.session_store import JsonSessionStore
from adapters.json_files.storage_probe import JsonStorageProbe
from adapters.memory.prompt_store import MemoryPromptStore
from adapters.memory.run_log import MemoryRunLog
from adapters.memory.run_store import MemoryRunStore
from adapters.memory.session_store import MemorySessionStore
from adapters.memory.storage_probe import MemoryStorageProbe
from application.ports.prompt_store import PromptStore
from application.ports.run_log import RunLog
from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from application.ports.storage_probe import StorageProbe
from application.use_cases.storage_reports import SessionDigest
from entrypoints.container.foundations import Foundations
from entrypoints.container.lifecycles import OpenedDatabase, Store

if TYPE_CHECKING:
    from adapters.sql.database import Database

settings = Foundations.settings
clock = Foundations.clock


# What speaks SQL is imported where a database is chosen: it takes a third of a second and 17 MiB.


def _database(url: str) -> OpenedDatabase:
    from adapters.sql.choice import database_at  # noqa: PLC0415 - as said above

    return database_at(url)


def _sql_sessions(database: "Database", collection: Literal["chats", "agent_chats"]) -> SessionStore:
    from adapters.sql.session_store import SqlSessionStore  # noqa: PLC0415 - as said above

    return SqlSessionStore(database, collection)


def _sql_runs(database: "Database") -> RunStore:
    from adapters.sql.run_store import SqlRunStore  # noqa: PLC0415 - as said above

    return SqlRunStore(database)


def _sql_probe(database: "Database") -> StorageProbe:
    from adapters.sql.storage_probe import SqlStorageProbe  # noqa: PLC0415 - as said above

    return SqlStorageProbe(database)


class Storage(Foundations):
    """Chosen by the setting `storage`."""

    database: providers.Provider[OpenedDatabase] = providers.Singleton(_database, settings.provided.database_url)
    session_store: providers.Provider[SessionStore] = providers.Selector(
        settings.provided.storage,
        json=providers.Singleton(JsonSessionStore, settings.provided.sessions_dir),
        sql=providers.Singleton(_sql_sessions, database, "chats"),
        memory=providers.Singleton(MemorySessionStore),
    )
    agent_session_store: providers.Provider[SessionStore] = providers.Selector(
        settings.provided.storage,
        json=providers.Singleton(JsonSessionStore, settings.provided.agent_chats_dir),
        sql=providers.Singleton(_sql_sessions, database, "agent_chats"),
        memory=providers.Singleton(MemorySessionStore),
    )
    run_store: providers.Provider[RunStore] = providers.Selector(
        settings.provided.storage,
        json=providers.Singleton(JsonRunStore, settings.provided.sessions_dir),
        sql=providers.Singleton(_sql_runs, database),
        memory=providers.Singleton(MemoryRunStore),
    )
    run_log: providers.Provider[RunLog] = providers.Singleton(MemoryRunLog, clock=clock)
    prompt_files: providers.Provider[PromptStore] = providers.Singleton(
        FilePromptStore, settings.provided.system_prompts_dir
    )
    prompt_store: providers.Provider[PromptStore] = providers.Selector(
        settings.provided.storage,
        json=prompt_files,
        sql=prompt_files,
        memory=providers.Singleton(MemoryPromptStore),
    )
    session_digest: providers.Provider[SessionDigest] = providers.Object(digest_of)
    storage_probe: providers.Provider[StorageProbe] = providers.Selector(
        settings.provided.storage,
        json=providers.Singleton(JsonStorageProbe, settings.provided.sessions_dir),
        sql=providers.Singleton(_sql_probe, database),
        memory=providers.Singleton(MemoryStorageProbe),
    )
    # Each kind of session under a name for people, for who works on all that is kept.
    session_collections: providers.Provider[dict[str, SessionStore]] = providers.Callable(
        dict, sessions=session_store, **{"agents' sessions": agent_session_store}
    )

    stores: providers.Provider[list[Store]] = providers.Selector(
        settings.provided.storage,
        json=providers.List(session_store, agent_session_store, run_store, prompt_store, storage_probe),
        sql=providers.List(database, prompt_store),
        memory=providers.List(),
    )
