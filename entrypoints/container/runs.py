"""What works on runs, and in the background after them."""

from dependency_injector import providers

from application.agent_directory import AgentDirectory
from application.model_directory import ModelDirectory
from application.offers import Offers
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
from application.runs.run_course import RunCourse
from application.runs.run_ending import EndingWriter
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
from entrypoints.container.foundations import Foundations
from entrypoints.container.models import Models
from entrypoints.container.storage import Storage
from entrypoints.container.telling import Telling
from entrypoints.container.toolboxes import Toolboxes

# Taken from other parts.
settings = Foundations.settings
clock = Foundations.clock
ids = Foundations.ids
turnstile = Foundations.turnstile
telemetry = Telling.telemetry
language_model = Models.language_model
model_catalog = Models.model_catalog
session_store = Storage.session_store
agent_session_store = Storage.agent_session_store
run_store = Storage.run_store
run_log = Storage.run_log
toolboxes = Toolboxes.toolboxes
agent_toolbox = Toolboxes.agent_toolbox
agent_store = Toolboxes.agent_store


class Runs(Telling, Models, Storage, Toolboxes):
    """From the directories that runs look into to the supervisor that owns them."""

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
    endings: providers.Provider[EndingWriter] = providers.Factory(
        EndingWriter,
        sessions=session_store,
        agent_sessions=agent_session_store,
        runs=run_store,
        call_closer=call_closer,
        clock=clock,
    )
    keeper: providers.Provider[RunKeeper] = providers.Singleton(
        RunKeeper, endings=endings, agent_sessions=agent_session_store, runs=run_store, clock=clock
    )
    news: providers.Provider[RunNews] = providers.Singleton(RunNews)
    asker: providers.Provider[ModelAsker] = providers.Factory(
        ModelAsker,
        model=language_model,
        windows=windows,
        news=news,
        telemetry=telemetry,
        clock=clock,
        turnstile=turnstile,
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
    course: providers.Provider[RunCourse] = providers.Singleton(
        RunCourse,
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
        clock=clock,
        turnstile=turnstile,
    )
    supervisor: providers.Provider[RunSupervisor] = providers.Singleton(
        RunSupervisor, course=course, keeper=keeper, news=news, telemetry=telemetry
    )
    flusher: providers.Provider[RunFlusher] = providers.Factory(RunFlusher, supervisor=supervisor, runs=run_store)
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
