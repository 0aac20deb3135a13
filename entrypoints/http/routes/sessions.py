"""Sessions: made, listed, shown, changed and deleted."""

from collections.abc import Callable

from aiohttp import web

from application.use_cases.session_view import SessionView
from application.use_cases.sessions import ListSessions
from domain.session import SessionOverview
from entrypoints.http import rendering
from entrypoints.http.answers import rendered_answer
from entrypoints.http.cursors import cursor_of, position_at
from entrypoints.http.operations import Operation, json_answer_of, no_content
from entrypoints.http.requests import body_of, query_of, session_id_of, use_cases
from entrypoints.http.schemas.session_answers import Prompt, Session, SessionList, SessionStatus
from entrypoints.http.schemas.sessions import ListQuery, SessionCreation, SessionUpdate

TAG = "sessions"
PATH = "/api/v1/sessions"
OF_ONE = f"{PATH}/{{session_id}}"
READING_ERRORS = ("SESSION_NOT_FOUND", "SESSION_CORRUPT", "STORAGE_ERROR")

CHARACTERS_A_TOKEN = 4
_OVERVIEW_CHARACTERS = 600
_SETTINGS_ERRORS = (
    "MODEL_NOT_FOUND",
    "TOOL_NOT_FOUND",
    "AGENT_NOT_FOUND",
    "AGENT_INVALID",
    "OLLAMA_UNREACHABLE",
    "OLLAMA_ERROR",
    "OLLAMA_TIMEOUT",
)


async def session_answer(view: SessionView, status: int = 200) -> web.Response:
    return await rendered_answer(
        lambda: rendering.session(view), rendering.characters_of(view.session.messages), status
    )


async def list_answer(
    request: web.Request, list_page: ListSessions, render: Callable[[SessionOverview], rendering.Rendered]
) -> web.Response:
    query = query_of(request, ListQuery)
    after = position_at(query.cursor) if query.cursor is not None else None
    page = await list_page(query=query.q, limit=query.limit, after=after)

    def rendered() -> rendering.Rendered:
        return {
            "sessions": [render(overview) for overview in page.sessions],
            "next_cursor": cursor_of(page.next_position) if page.next_position else None,
        }

    return await rendered_answer(rendered, _OVERVIEW_CHARACTERS * len(page.sessions))


async def create_session(request: web.Request) -> web.Response:
    new = body_of(request, SessionCreation).to_domain()
    return await session_answer(await use_cases(request).create_session(new), status=201)


async def list_sessions(request: web.Request) -> web.Response:
    return await list_answer(request, use_cases(request).list_sessions, rendering.session_overview)


async def get_session(request: web.Request) -> web.Response:
    return await session_answer(await use_cases(request).get_session(session_id_of(request)))


async def update_session(request: web.Request) -> web.Response:
    change = body_of(request, SessionUpdate).to_domain()
    return await session_answer(await use_cases(request).update_session(session_id_of(request), change))


async def delete_session(request: web.Request) -> web.Response:
    await use_cases(request).delete_session(session_id_of(request))
    return web.Response(status=204)


async def read_status(request: web.Request) -> web.Response:
    status = await use_cases(request).read_status(session_id_of(request))
    return await rendered_answer(lambda: rendering.status(status), 0)


async def preview_prompt(request: web.Request) -> web.Response:
    preview = await use_cases(request).preview_prompt(session_id_of(request))
    return await rendered_answer(lambda: rendering.prompt(preview), CHARACTERS_A_TOKEN * preview.estimated_tokens)


OPERATIONS = (
    Operation(
        method="POST",
        path=PATH,
        handler=create_session,
        summary="Create a session",
        description="Empty but for its system prompt, if one is given. The model must exist, and so must the tools and "
        "agents that are named.",
        tag=TAG,
        body=SessionCreation,
        answers=(json_answer_of(Session, "The new session.", status=201),),
        errors=(*_SETTINGS_ERRORS, "PROMPT_NOT_FOUND", "STORAGE_ERROR"),
    ),
    Operation(
        method="GET",
        path=PATH,
        handler=list_sessions,
        summary="List the sessions",
        description="Newest `updated_at` first: all of them, or pages by `limit` and `cursor`.",
        tag=TAG,
        query=ListQuery,
        answers=(json_answer_of(SessionList, "The sessions, without their messages."),),
        errors=("STORAGE_ERROR",),
    ),
    Operation(
        method="GET",
        path=OF_ONE,
        handler=get_session,
        summary="Show a session",
        description="Its settings and its whole history.",
        tag=TAG,
        answers=(json_answer_of(Session, "The session and its messages."),),
        errors=READING_ERRORS,
    ),
    Operation(
        method="PATCH",
        path=OF_ONE,
        handler=update_session,
        summary="Change the settings of a session",
        description="A setting counts from the next run, a policy from the next call. "
        "A given object takes the place of the whole old one.",
        tag=TAG,
        body=SessionUpdate,
        answers=(json_answer_of(Session, "The session as it is now."),),
        errors=(*READING_ERRORS, *_SETTINGS_ERRORS),
    ),
    Operation(
        method="DELETE",
        path=OF_ONE,
        handler=delete_session,
        summary="Delete a session",
        description="A run of it ends first. One that cannot be read can be deleted too.",
        tag=TAG,
        answers=(no_content("The session is gone."),),
        errors=("SESSION_NOT_FOUND", "STORAGE_ERROR"),
    ),
    Operation(
        method="GET",
        path=f"{OF_ONE}/status",
        handler=read_status,
        summary="Tell how a session stands",
        description="Without its messages: what a front end shows beside them.",
        tag=TAG,
        answers=(json_answer_of(SessionStatus, "Its window, what of its settings is in force, and its run."),),
        errors=READING_ERRORS,
    ),
    Operation(
        method="GET",
        path=f"{OF_ONE}/prompt",
        handler=preview_prompt,
        summary="Show what the model would be sent now",
        description="The history as it stands, without what does not fit, and the window that would be asked for.",
        tag=TAG,
        answers=(json_answer_of(Prompt, "The prompt, in the form in which it goes to the model."),),
        errors=READING_ERRORS,
    ),
)
