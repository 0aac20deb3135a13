"""The use cases that a conversation calls."""

from dataclasses import dataclass, fields

from application.use_cases.agents import ListAgents
from application.use_cases.confirm_tool import ConfirmTool
from application.use_cases.create_session import CreateSession
from application.use_cases.follow_run import FollowRun
from application.use_cases.models import GetModel, ListModels
from application.use_cases.runs import CancelRun
from application.use_cases.session_status import ReadStatus
from application.use_cases.sessions import GetSession, ListMessages, ListSessions
from application.use_cases.start_run import StartRun
from application.use_cases.tools import ListTools
from application.use_cases.update_session import UpdateSession
from entrypoints.container import Container


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatUseCases:
    list_models: ListModels
    get_model: GetModel
    create_session: CreateSession
    list_sessions: ListSessions
    get_session: GetSession
    list_messages: ListMessages
    read_status: ReadStatus
    update_session: UpdateSession
    list_tools: ListTools
    list_agents: ListAgents
    start_run: StartRun
    follow_run: FollowRun
    confirm_tool: ConfirmTool
    cancel_run: CancelRun


def use_cases_of(container: Container) -> ChatUseCases:
    all_of_them = container.use_cases()
    return ChatUseCases(**{each.name: getattr(all_of_them, each.name) for each in fields(ChatUseCases)})
