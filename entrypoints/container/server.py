"""A whole server: the use cases on everything that they work with, and what HTTP takes of them."""

from dependency_injector import providers

from adapters.codec.transfer import decode_session, encode_session
from application.runs.room_check import RoomCheck
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
from application.use_cases.summaries import ReadSummary, SummarizeSession
from application.use_cases.system_prompt import RemoveSystemPrompt, SetSystemPrompt, SystemPromptSource
from application.use_cases.tools import GetTool, ListTools, ReloadTools, ReportExecutions
from application.use_cases.transfer_session import ExportSession, ImportSession
from application.use_cases.update_session import UpdateSession
from entrypoints.container.foundations import Foundations
from entrypoints.container.models import Models
from entrypoints.container.runs import Runs
from entrypoints.container.storage import Storage
from entrypoints.container.telling import Telling
from entrypoints.container.toolboxes import Toolboxes
from entrypoints.http.config import HttpConfig
from entrypoints.http.observing import RequestObserver
from entrypoints.http.open_stream import StreamKeeper
from entrypoints.http.use_cases import UseCases

# Taken from other parts.
settings = Foundations.settings
clock = Foundations.clock
ids = Foundations.ids
turnstile = Foundations.turnstile
version = Telling.version
metrics = Telling.metrics
telemetry = Telling.telemetry
model_catalog = Models.model_catalog
session_store = Storage.session_store
agent_session_store = Storage.agent_session_store
run_store = Storage.run_store
run_log = Storage.run_log
prompt_store = Storage.prompt_store
storage_probe = Storage.storage_probe
agent_toolbox = Toolboxes.agent_toolbox
tools = Runs.tools
agents = Runs.agents
offers = Runs.offers
executions = Runs.executions
directory = Runs.directory
windows = Runs.windows
consent = Runs.consent
call_closer = Runs.call_closer
agent_models = Runs.agent_models
delegate = Runs.delegate
supervisor = Runs.supervisor
summary_desk = Runs.summary_desk


class Container(Runs):
    """Everything that a server consists of, for the given `settings`.

    For programs that embed the use cases: `async with opened(Container(settings=...)) as container`, then for example
    `container.start_run()`.
    """

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
        turnstile=turnstile,
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
        RequestObserver, telemetry=telemetry, clock=clock, turnstile=turnstile
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
