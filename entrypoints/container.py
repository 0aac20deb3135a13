"""The composition root: which adapter fills which port. The only place that names adapters.

Synchronous singletons and factories only: what has to be opened is opened by `entrypoints.lifespan`, in its order.
"""

from collections.abc import Callable, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from dependency_injector import containers, providers

from adapters.codec.transfer import decode_session, digest_of, encode_session
from adapters.demo.language_model import DemoLanguageModel
from adapters.demo.model_catalog import DemoModelCatalog
from adapters.json_files.prompt_store import FilePromptStore
from adapters.json_files.run_store import JsonRunStore
from adapters.json_files.session_store import JsonSessionStore
from adapters.json_files.storage_probe import JsonStorageProbe
from adapters.log_lines.telemetry import LogLines
from adapters.mcp_tools.toolbox import McpToolbox
from adapters.memory.prompt_store import MemoryPromptStore
from adapters.memory.run_log import MemoryRunLog
from adapters.memory.run_store import MemoryRunStore
from adapters.memory.session_store import MemorySessionStore
from adapters.memory.storage_probe import MemoryStorageProbe
from adapters.ollama.client import OllamaClient
from adapters.ollama.language_model import OllamaLanguageModel
from adapters.ollama.model_catalog import OllamaModelCatalog
from adapters.otel_traces.opening import open_traces
from adapters.prometheus_metrics.telemetry import PrometheusMetrics
from adapters.python_tools.sources import Sources, read_agents
from adapters.python_tools.toolbox import PythonToolbox
from adapters.skill_files.agent_store import SkillFiles
from adapters.system.clock import SystemClock
from adapters.system.id_source import RandomIds
from application.agent_directory import AgentDirectory
from application.all_telemetry import AllTelemetry
from application.model_directory import ModelDirectory
from application.offers import Offers
from application.ports.agent_store import AgentStore
from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.ports.language_model import LanguageModel
from application.ports.model_catalog import ModelCatalog
from application.ports.prompt_store import PromptStore
from application.ports.run_log import RunLog
from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from application.ports.storage_probe import StorageProbe
from application.ports.telemetry import Telemetry
from application.ports.toolbox import Toolbox
from application.runs.agent_desk import AgentDesk
from application.runs.agent_models import AgentModels
from application.runs.agent_work import WorkAsAgent
from application.runs.answer_tool_calls import AnswerToolCalls
from application.runs.background_windows import BackgroundWindows
from application.runs.call_closer import CallCloser
from application.runs.consent import Consent
from application.runs.delegate import DelegateToAgent
from application.runs.execute_run import ExecuteRun
from application.runs.flusher import RunFlusher
from application.runs.loaded_windows import LoadedWindows
from application.runs.model_asker import ModelAsker
from application.runs.prepare_run import PrepareRun
from application.runs.recovery import RecoverRuns
from application.runs.room_check import RoomCheck
from application.runs.run_keeper import RunKeeper
from application.runs.run_news import RunNews
from application.runs.summarizer import Summarizer
from application.runs.summary_desk import SummaryDesk
from application.runs.summary_keeper import SummaryKeeper
from application.runs.supervisor import RunSupervisor
from application.runs.tool_caller import ToolCaller
from application.runs.tool_executions import ToolExecutions
from application.runs.window_experience import WindowExperience
from application.runs.window_keeper import WindowKeeper
from application.tool_directory import ToolDirectory
from application.use_cases.agents import GetAgent, ListAgents, ReloadAgents
from application.use_cases.answer import AnswerChat
from application.use_cases.check_health import CheckHealth
from application.use_cases.check_readiness import CheckReadiness
from application.use_cases.confirm_tool import ConfirmTool
from application.use_cases.create_session import CreateSession
from application.use_cases.edit_message import EditMessage
from application.use_cases.follow_run import FollowRun
from application.use_cases.fork_session import ForkSession
from application.use_cases.models import GetModel, ListModels
from application.use_cases.preview_prompt import PreviewPrompt
from application.use_cases.prompts import CreatePrompt, DeletePrompt, ListPrompts, ReadPrompt, ReplacePrompt
from application.use_cases.run_warnings import RunWarnings
from application.use_cases.runs import CancelRun, GetRun, ListRuns
from application.use_cases.session_status import ReadStatus
from application.use_cases.session_view import SessionViews
from application.use_cases.sessions import DeleteSession, GetSession, ListMessages, ListSessions
from application.use_cases.start_run import StartRun
from application.use_cases.storage_reports import SessionDigest
from application.use_cases.summaries import ReadSummary, SummarizeSession
from application.use_cases.system_prompt import RemoveSystemPrompt, SetSystemPrompt, SystemPromptSource
from application.use_cases.tools import GetTool, ListTools, ReloadTools, ReportExecutions
from application.use_cases.transfer_session import ExportSession, ImportSession
from application.use_cases.update_session import UpdateSession
from entrypoints.http.config import HttpConfig
from entrypoints.http.observing import RequestObserver
from entrypoints.http.open_stream import StreamKeeper
from entrypoints.http.use_cases import UseCases
from entrypoints.settings import Settings

if TYPE_CHECKING:
    from adapters.sql.database import Database

QUIET_ROUTES = ("/api/v1/health", "/api/v1/ready", "/metrics")
"""What programs ask for every few seconds is no news in a log."""

MCP_SERVERS_FILE = "mcp_servers.json"
"""In the data folder (contract, section 6)."""


class Client(Protocol):
    """What is to be closed after its last use."""

    async def aclose(self) -> None: ...


class Store(Client, Protocol):
    """What is to be opened before its first use, too."""

    async def open(self) -> None: ...


class Traces(Telemetry, Client, Protocol):
    """What sends on what it was told."""


class OpenedToolbox(Toolbox, Store, Protocol):
    """A toolbox with processes or connections of its own."""


class OpenedDatabase(Store, Protocol):
    """A database, whose tables a person may have to make those of this program before it is opened."""

    async def upgrade(self) -> bool:
        """Whether there was anything to do. Raises StorageFailed."""
        ...


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


def _agents_reader(chats_folder: Path) -> Callable[[Path], Sources]:
    return partial(read_agents, leave_out=chats_folder)


class Container(containers.DeclarativeContainer):
    """Everything that a server consists of, for the given `settings`.

    For programs that embed the use cases: `async with opened(Container(settings=...)) as container`, then for example
    `container.start_run()`.
    """

    settings: providers.Provider[Settings] = providers.Dependency(instance_of=Settings)

    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)
    ids: providers.Provider[IdSource] = providers.Singleton(RandomIds)

    # What is told of the server's work

    version: providers.Provider[str] = providers.Callable(metadata.version, "mochi-server")
    metrics: providers.Provider[PrometheusMetrics] = providers.Singleton(
        PrometheusMetrics, clock=clock, version=version
    )
    traces: providers.Provider[Sequence[Traces]] = providers.Singleton(
        open_traces, version=version, provider_name=settings.provided.llm
    )
    telemetry: providers.Provider[Telemetry] = providers.Singleton(
        AllTelemetry,
        providers.List(providers.Singleton(LogLines, clock=clock, quiet_routes=QUIET_ROUTES), metrics),
        traces,
    )

    # Adapters, by the settings

    ollama_client: providers.Provider[OllamaClient] = providers.Singleton(
        OllamaClient, host=settings.provided.ollama_host, timeout=settings.provided.ollama_timeout
    )
    language_model: providers.Provider[LanguageModel] = providers.Selector(
        settings.provided.llm,
        ollama=providers.Singleton(OllamaLanguageModel, client=ollama_client, ids=ids),
        demo=providers.Singleton(DemoLanguageModel),
    )
    model_catalog: providers.Provider[ModelCatalog] = providers.Selector(
        settings.provided.llm,
        ollama=providers.Singleton(OllamaModelCatalog, client=ollama_client),
        demo=providers.Singleton(DemoModelCatalog),
    )
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
    run_log: providers.Provider[RunLog] = providers.Singleton(MemoryRunLog, clock=clock)

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
    clients: providers.Provider[list[Client]] = providers.Selector(
        settings.provided.llm, ollama=providers.List(ollama_client), demo=providers.List()
    )

    toolboxes: providers.Provider[list[OpenedToolbox]] = providers.List(
        providers.Singleton(
            PythonToolbox,
            folder=settings.provided.tools_dir,
            python=settings.provided.tool_python,
            timeout_seconds=settings.provided.tool_timeout,
        ),
        providers.Singleton(
            McpToolbox,
            config_file=providers.Callable(Path.joinpath, settings.provided.data_dir, MCP_SERVERS_FILE),
            timeout_seconds=settings.provided.tool_timeout,
        ),
    )
    agent_toolbox: providers.Provider[OpenedToolbox] = providers.Singleton(
        PythonToolbox,
        folder=settings.provided.agents_dir,
        python=settings.provided.tool_python,
        timeout_seconds=settings.provided.tool_timeout,
        read=providers.Callable(_agents_reader, settings.provided.agent_chats_dir),
    )
    agent_store: providers.Provider[AgentStore] = providers.Singleton(
        SkillFiles,
        folder=settings.provided.agents_dir,
        chats_folder=settings.provided.agent_chats_dir,
        planning_prompt=settings.provided.planning_prompt_path,
        execution_prompt=settings.provided.execution_prompt_path,
    )

    # Runs

    tools: providers.Provider[ToolDirectory] = providers.Singleton(ToolDirectory, toolboxes=toolboxes)
    agents: providers.Provider[AgentDirectory] = providers.Singleton(
        AgentDirectory, store=agent_store, toolbox=agent_toolbox
    )
    offers: providers.Provider[Offers] = providers.Singleton(Offers, tools=tools, agents=agents)
    executions: providers.Provider[ToolExecutions] = providers.Singleton(ToolExecutions)
    directory: providers.Provider[ModelDirectory] = providers.Singleton(
        ModelDirectory, catalog=model_catalog, clock=clock
    )
    loaded_windows: providers.Provider[LoadedWindows] = providers.Singleton(
        LoadedWindows, catalog=model_catalog, clock=clock
    )
    experience: providers.Provider[WindowExperience] = providers.Singleton(WindowExperience)
    windows: providers.Provider[WindowKeeper] = providers.Singleton(
        WindowKeeper,
        loaded=loaded_windows,
        experience=experience,
        clock=clock,
        dynamic_window_enabled=settings.provided.dynamic_context_window_enabled,
    )
    consent: providers.Provider[Consent] = providers.Factory(Consent, runs=run_store, clock=clock, ids=ids)
    call_closer: providers.Provider[CallCloser] = providers.Singleton(CallCloser, clock=clock, ids=ids)
    keeper: providers.Provider[RunKeeper] = providers.Singleton(
        RunKeeper,
        sessions=session_store,
        agent_sessions=agent_session_store,
        runs=run_store,
        call_closer=call_closer,
        clock=clock,
    )
    news: providers.Provider[RunNews] = providers.Singleton(RunNews)
    asker: providers.Provider[ModelAsker] = providers.Factory(
        ModelAsker, model=language_model, windows=windows, news=news, telemetry=telemetry, clock=clock
    )
    answer_tool_calls: providers.Provider[AnswerToolCalls] = providers.Factory(
        AnswerToolCalls, chats=session_store, consent=consent, telemetry=telemetry, clock=clock, ids=ids
    )
    agent_models: providers.Provider[AgentModels] = providers.Factory(AgentModels, models=directory)
    # One for all runs: it knows which of the agents' sessions are at work.
    delegate: providers.Provider[DelegateToAgent] = providers.Singleton(
        DelegateToAgent,
        agents=agents,
        models=agent_models,
        desk=providers.Factory(AgentDesk, sessions=agent_session_store, call_closer=call_closer, clock=clock, ids=ids),
        work=providers.Factory(
            WorkAsAgent,
            sessions=agent_session_store,
            asker=asker,
            call_tool=providers.Factory(
                ToolCaller, tools=agent_toolbox, executions=executions, telemetry=telemetry, clock=clock
            ),
            answer_tool_calls=answer_tool_calls,
            clock=clock,
            ids=ids,
            max_iterations=settings.provided.max_agent_iterations,
        ),
        consent=consent,
        runs=run_store,
        telemetry=telemetry,
        clock=clock,
    )
    supervisor: providers.Provider[RunSupervisor] = providers.Singleton(
        RunSupervisor,
        prepare=providers.Factory(
            PrepareRun, sessions=session_store, runs=run_store, call_closer=call_closer, clock=clock, ids=ids
        ),
        execute=providers.Factory(
            ExecuteRun,
            models=directory,
            sessions=session_store,
            offers=offers,
            asker=asker,
            call_tool=providers.Factory(
                ToolCaller, tools=tools, executions=executions, telemetry=telemetry, clock=clock
            ),
            delegate=delegate,
            answer_tool_calls=answer_tool_calls,
            ids=ids,
            max_tool_rounds=settings.provided.max_tool_rounds,
        ),
        keeper=keeper,
        log=run_log,
        news=news,
        telemetry=telemetry,
        clock=clock,
    )
    flusher: providers.Provider[RunFlusher] = providers.Factory(
        RunFlusher, supervisor=supervisor, keeper=keeper, runs=run_store
    )
    recover_runs: providers.Provider[RecoverRuns] = providers.Factory(
        RecoverRuns, sessions=session_store, runs=run_store, keeper=keeper, supervisor=supervisor, clock=clock
    )
    summary_desk: providers.Provider[SummaryDesk] = providers.Singleton(
        SummaryDesk,
        summarizer=providers.Factory(
            Summarizer,
            model=language_model,
            directory=directory,
            windows=providers.Factory(
                BackgroundWindows,
                windows=windows,
                loaded=loaded_windows,
                experience=experience,
                dynamic_window_enabled=settings.provided.dynamic_context_window_enabled,
            ),
            telemetry=telemetry,
        ),
        sessions=session_store,
        supervisor=supervisor,
        news=news,
    )
    summary_keeper: providers.Provider[SummaryKeeper] = providers.Singleton(
        SummaryKeeper,
        sessions=session_store,
        desk=summary_desk,
        news=news,
        unsupported_models=settings.provided.summary_unsupported_models,
    )

    # Use cases

    check_health: providers.Provider[CheckHealth] = providers.Singleton(CheckHealth, catalog=model_catalog, clock=clock)
    check_readiness: providers.Provider[CheckReadiness] = providers.Singleton(
        CheckReadiness, storage=storage_probe, check_health=check_health, clock=clock
    )
    follow_run: providers.Provider[FollowRun] = providers.Factory(
        FollowRun, sessions=session_store, runs=run_store, log=run_log, supervisor=supervisor
    )
    # One for all routes: requests under one key take their turns in it.
    start_run: providers.Provider[StartRun] = providers.Singleton(
        StartRun,
        sessions=session_store,
        runs=run_store,
        log=run_log,
        directory=directory,
        supervisor=supervisor,
        follow_run=follow_run,
        run_warnings=providers.Factory(RunWarnings, offers=offers, agents=agents, agent_models=agent_models),
        windows=windows,
        room_check=providers.Factory(
            RoomCheck, dynamic_window_enabled=settings.provided.dynamic_context_window_enabled
        ),
        clock=clock,
        ids=ids,
    )
    list_runs: providers.Provider[ListRuns] = providers.Factory(
        ListRuns, sessions=session_store, runs=run_store, supervisor=supervisor
    )
    get_run: providers.Provider[GetRun] = providers.Factory(GetRun, list_runs=list_runs)
    confirm_tool: providers.Provider[ConfirmTool] = providers.Factory(
        ConfirmTool,
        sessions=session_store,
        supervisor=supervisor,
        list_runs=list_runs,
        offers=offers,
        tools=tools,
        agent_tools=agent_toolbox,
        delegate=delegate,
        consent=consent,
    )
    cancel_run: providers.Provider[CancelRun] = providers.Factory(
        CancelRun, sessions=session_store, supervisor=supervisor
    )
    answer_chat: providers.Provider[AnswerChat] = providers.Factory(
        AnswerChat, start_run=start_run, get_run=get_run, sessions=session_store
    )
    views: providers.Provider[SessionViews] = providers.Factory(
        SessionViews,
        models=directory,
        offers=offers,
        windows=windows,
        dynamic_window_enabled=settings.provided.dynamic_context_window_enabled,
    )
    prompt_source: providers.Provider[SystemPromptSource] = providers.Factory(
        SystemPromptSource, prompts=prompt_store, clock=clock, ids=ids
    )
    create_session: providers.Provider[CreateSession] = providers.Factory(
        CreateSession,
        sessions=session_store,
        models=directory,
        offers=offers,
        prompt_source=prompt_source,
        views=views,
        clock=clock,
        ids=ids,
        dynamic_window_enabled=settings.provided.dynamic_context_window_enabled,
    )

    # HTTP

    http_config: providers.Provider[HttpConfig] = providers.Factory(
        HttpConfig,
        version=version,
        bound_host=settings.provided.host,
        api_keys=settings.provided.api_keys,
        cors_origins=settings.provided.cors_origins,
        allowed_hosts=settings.provided.allowed_hosts,
        max_request_bytes=settings.provided.max_request_bytes,
    )
    observer: providers.Provider[RequestObserver] = providers.Singleton(
        RequestObserver, telemetry=telemetry, clock=clock
    )
    streams: providers.Provider[StreamKeeper] = providers.Singleton(StreamKeeper)
    use_cases: providers.Provider[UseCases] = providers.Factory(
        UseCases,
        check_health=check_health,
        check_readiness=check_readiness,
        metrics=metrics,
        list_models=providers.Factory(ListModels, models=directory),
        get_model=providers.Factory(GetModel, models=directory),
        create_session=create_session,
        list_sessions=providers.Factory(ListSessions, sessions=session_store),
        get_session=providers.Factory(GetSession, sessions=session_store, views=views),
        list_messages=providers.Factory(ListMessages, sessions=session_store),
        update_session=providers.Factory(
            UpdateSession, sessions=session_store, models=directory, offers=offers, views=views, clock=clock
        ),
        delete_session=providers.Factory(
            DeleteSession, sessions=session_store, runs=run_store, supervisor=supervisor, summaries=summary_desk
        ),
        edit_message=providers.Factory(EditMessage, sessions=session_store, supervisor=supervisor, clock=clock),
        set_system_prompt=providers.Factory(
            SetSystemPrompt, sessions=session_store, supervisor=supervisor, source=prompt_source, clock=clock
        ),
        remove_system_prompt=providers.Factory(
            RemoveSystemPrompt, sessions=session_store, supervisor=supervisor, clock=clock
        ),
        read_status=providers.Factory(ReadStatus, sessions=session_store, supervisor=supervisor, views=views),
        preview_prompt=providers.Factory(
            PreviewPrompt,
            sessions=session_store,
            models=directory,
            offers=offers,
            windows=windows,
            call_closer=call_closer,
        ),
        summarize_session=providers.Factory(
            SummarizeSession,
            sessions=session_store,
            models=directory,
            desk=summary_desk,
            supervisor=supervisor,
            unsupported_models=settings.provided.summary_unsupported_models,
        ),
        read_summary=providers.Factory(ReadSummary, sessions=session_store),
        fork_session=providers.Factory(
            ForkSession,
            sessions=session_store,
            supervisor=supervisor,
            call_closer=call_closer,
            views=views,
            clock=clock,
            ids=ids,
        ),
        export_session=providers.Factory(ExportSession, sessions=session_store),
        import_session=providers.Factory(
            ImportSession, sessions=session_store, call_closer=call_closer, views=views, ids=ids
        ),
        list_prompts=providers.Factory(ListPrompts, prompts=prompt_store),
        read_prompt=providers.Factory(ReadPrompt, prompts=prompt_store),
        create_prompt=providers.Factory(CreatePrompt, prompts=prompt_store),
        replace_prompt=providers.Factory(ReplacePrompt, prompts=prompt_store),
        delete_prompt=providers.Factory(DeletePrompt, prompts=prompt_store),
        answer_chat=answer_chat,
        start_run=start_run,
        follow_run=follow_run,
        cancel_run=cancel_run,
        list_runs=list_runs,
        get_run=get_run,
        confirm_tool=confirm_tool,
        list_tools=providers.Factory(ListTools, tools=tools),
        get_tool=providers.Factory(GetTool, tools=tools),
        reload_tools=providers.Factory(ReloadTools, tools=tools),
        report_executions=providers.Factory(ReportExecutions, executions=executions),
        list_agents=providers.Factory(ListAgents, agents=agents),
        get_agent=providers.Factory(GetAgent, agents=agents),
        reload_agents=providers.Factory(ReloadAgents, agents=agents),
        list_agent_chats=providers.Factory(ListSessions, sessions=agent_session_store),
        get_agent_chat=providers.Factory(GetSession, sessions=agent_session_store, views=views),
        encode_session=providers.Object(encode_session),
        decode_session=providers.Object(decode_session),
    )
