"""The use cases that the routes call: the composition root fills this."""

from collections.abc import Callable
from dataclasses import dataclass

from application.ports.exposition import Exposition
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
from application.use_cases.runs import CancelRun, GetRun, ListRuns
from application.use_cases.session_status import ReadStatus
from application.use_cases.sessions import DeleteSession, GetSession, ListMessages, ListSessions
from application.use_cases.start_run import StartRun
from application.use_cases.summaries import ReadSummary, SummarizeSession
from application.use_cases.system_prompt import RemoveSystemPrompt, SetSystemPrompt
from application.use_cases.tools import GetTool, ListTools, ReloadTools, ReportExecutions
from application.use_cases.transfer_session import ExportSession, ImportSession
from application.use_cases.update_session import UpdateSession
from domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """`encode_session` writes a session file (contract, section 10); `decode_session` reads one, of older versions
    too, and raises ValidationFailed for what is none."""

    check_health: CheckHealth
    check_readiness: CheckReadiness
    metrics: Exposition
    list_models: ListModels
    get_model: GetModel
    create_session: CreateSession
    list_sessions: ListSessions
    get_session: GetSession
    list_messages: ListMessages
    update_session: UpdateSession
    delete_session: DeleteSession
    edit_message: EditMessage
    set_system_prompt: SetSystemPrompt
    remove_system_prompt: RemoveSystemPrompt
    read_status: ReadStatus
    preview_prompt: PreviewPrompt
    summarize_session: SummarizeSession
    read_summary: ReadSummary
    fork_session: ForkSession
    export_session: ExportSession
    import_session: ImportSession
    list_prompts: ListPrompts
    read_prompt: ReadPrompt
    create_prompt: CreatePrompt
    replace_prompt: ReplacePrompt
    delete_prompt: DeletePrompt
    answer_chat: AnswerChat
    start_run: StartRun
    follow_run: FollowRun
    cancel_run: CancelRun
    list_runs: ListRuns
    get_run: GetRun
    confirm_tool: ConfirmTool
    list_tools: ListTools
    get_tool: GetTool
    reload_tools: ReloadTools
    report_executions: ReportExecutions
    list_agents: ListAgents
    get_agent: GetAgent
    reload_agents: ReloadAgents
    list_agent_chats: ListSessions
    get_agent_chat: GetSession
    encode_session: Callable[[Session], bytes]
    decode_session: Callable[[bytes], Session]
