"""Sessions forked, taken out and brought in."""

import asyncio

from aiohttp import web

from domain.markdown import markdown_of
from entrypoints.http.json_bytes import to_text
from entrypoints.http.operations import JSON, Answer, Operation, json_answer_of
from entrypoints.http.requests import body_of, query_of, session_id_of, use_cases
from entrypoints.http.routes.sessions import OF_ONE, PATH, READING_ERRORS, TAG, session_answer
from entrypoints.http.schemas.session_answers import Session
from entrypoints.http.schemas.session_files import ExportedSession, SessionFile
from entrypoints.http.schemas.sessions import ExportQuery, ForkBody

_MARKDOWN = "text/markdown"


async def fork_session(request: web.Request) -> web.Response:
    message_index = body_of(request, ForkBody).message_index
    fork = await use_cases(request).fork_session(session_id_of(request), message_index=message_index)
    return await session_answer(fork, status=201)


async def export_session(request: web.Request) -> web.Response:
    session = await use_cases(request).export_session(session_id_of(request))
    if query_of(request, ExportQuery).format == "markdown":
        text = await asyncio.to_thread(lambda: to_text(markdown_of(session)))
        return web.Response(body=text, content_type=_MARKDOWN, charset="utf-8")
    file = await asyncio.to_thread(use_cases(request).encode_session, session)
    disposition = f'attachment; filename="{session.session_id}.json"'
    return web.Response(body=file, content_type=JSON, headers={"Content-Disposition": disposition})


async def import_session(request: web.Request) -> web.Response:
    session = await asyncio.to_thread(use_cases(request).decode_session, await request.read())
    return await session_answer(await use_cases(request).import_session(session), status=201)


OPERATIONS = (
    Operation(
        method="POST",
        path=f"{OF_ONE}/fork",
        handler=fork_session,
        summary="Fork a session",
        description="A new session with the history up to and including a message.",
        tag=TAG,
        body=ForkBody,
        body_may_be_absent=True,
        answers=(json_answer_of(Session, "The new session.", status=201),),
        errors=(*READING_ERRORS, "SESSION_BUSY", "INVALID_MESSAGE_INDEX"),
    ),
    Operation(
        method="GET",
        path=f"{OF_ONE}/export",
        handler=export_session,
        summary="Export a session",
        description="As a session file, which can be imported again, or as Markdown for people.",
        tag=TAG,
        query=ExportQuery,
        answers=(
            Answer(
                description="The file.",
                content={JSON: ExportedSession, _MARKDOWN: None},
                headers={"Content-Disposition": "With JSON, a name to save it under."},
            ),
        ),
        errors=READING_ERRORS,
    ),
    Operation(
        method="POST",
        path=f"{PATH}/import",
        handler=import_session,
        summary="Import a session",
        description="Takes a session file of any version. An id that is taken becomes a new one.",
        tag=TAG,
        body=SessionFile,
        answers=(json_answer_of(Session, "The session as it is kept.", status=201),),
        errors=("STORAGE_ERROR",),
    ),
)
