"""The API over parts in memory, and what a test of it asks for again and again."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient

from adapters.codec.errors import NotDecodable
from adapters.codec.session_file import decode_session_file, encode_session_file
from application.use_cases.check_health import CheckHealth
from application.use_cases.create_session import CreateSession
from application.use_cases.edit_message import EditMessage
from application.use_cases.fork_session import ForkSession
from application.use_cases.models import GetModel, ListModels
from application.use_cases.prompts import CreatePrompt, DeletePrompt, ListPrompts, ReadPrompt, ReplacePrompt
from application.use_cases.session_status import ReadStatus
from application.use_cases.sessions import DeleteSession, GetSession, ListMessages, ListSessions
from application.use_cases.system_prompt import RemoveSystemPrompt, SetSystemPrompt
from application.use_cases.transfer_session import ExportSession, ImportSession
from application.use_cases.update_session import UpdateSession
from domain.errors import ValidationFailed
from domain.session import Session
from entrypoints.http.app import build_app
from entrypoints.http.config import HttpConfig
from entrypoints.http.use_cases import UseCases
from tests.unit.application.bench import Bench

Client: TypeAlias = TestClient[web.Request, web.Application]
ClientFactory: TypeAlias = Callable[[web.Application], Awaitable[Client]]
Json: TypeAlias = Any  # what an answer holds is for each test to say

VERSION = "1.2.3"


class HttpBench(Bench):
    """`client` starts a server of its own for each test."""

    def use_cases(self) -> UseCases:
        writing: Json = {"sessions": self.sessions, "supervisor": self.supervisor}
        timed: Json = {**writing, "clock": self.clock}
        return UseCases(
            check_health=CheckHealth(catalog=self.catalog),
            list_models=ListModels(models=self.models),
            get_model=GetModel(models=self.models),
            create_session=CreateSession(
                sessions=self.sessions,
                models=self.models,
                known_names=self.known_names,
                prompt_source=self.prompt_source,
                views=self.views,
                clock=self.clock,
                ids=self.ids,
                dynamic_window_enabled=True,
            ),
            list_sessions=ListSessions(sessions=self.sessions),
            get_session=GetSession(sessions=self.sessions, views=self.views),
            list_messages=ListMessages(sessions=self.sessions),
            update_session=UpdateSession(
                sessions=self.sessions,
                models=self.models,
                known_names=self.known_names,
                views=self.views,
                clock=self.clock,
            ),
            delete_session=DeleteSession(**writing, runs=self.runs),
            edit_message=EditMessage(**timed),
            set_system_prompt=SetSystemPrompt(**timed, source=self.prompt_source),
            remove_system_prompt=RemoveSystemPrompt(**timed),
            read_status=ReadStatus(**writing, known_names=self.known_names, views=self.views),
            fork_session=ForkSession(**timed, call_closer=self.call_closer, views=self.views, ids=self.ids),
            export_session=ExportSession(sessions=self.sessions),
            import_session=ImportSession(
                sessions=self.sessions, call_closer=self.call_closer, views=self.views, ids=self.ids
            ),
            list_prompts=ListPrompts(prompts=self.prompts),
            read_prompt=ReadPrompt(prompts=self.prompts),
            create_prompt=CreatePrompt(prompts=self.prompts),
            replace_prompt=ReplacePrompt(prompts=self.prompts),
            delete_prompt=DeletePrompt(prompts=self.prompts),
            encode_session=lambda session: encode_session_file(session).data,
            decode_session=_decoded,
        )

    def app(self, **settings: Json) -> web.Application:
        return build_app(self.use_cases(), HttpConfig(version=VERSION, **settings))


def _decoded(data: bytes) -> Session:
    try:
        return decode_session_file(data).session
    except NotDecodable as error:
        raise ValidationFailed(f"This is no session file: {error.reason}.") from error


async def error_of(answer: ClientResponse, status: int, code: str) -> Json:
    """The details of an error, which must have this status, this code and the one form of all errors."""
    body = await answer.json()
    assert (answer.status, body["error"]["code"]) == (status, code), body
    assert answer.content_type == "application/json"
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["message"]
    return body["error"]["details"]


async def json_of(answer: ClientResponse, status: int = 200) -> Json:
    assert answer.status == status, await answer.text()
    assert answer.content_type == "application/json"
    return await answer.json()
