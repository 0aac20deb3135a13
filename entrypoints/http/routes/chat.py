"""Chat: a run is started, joined, looked at or ended (contract, section 5)."""

import hashlib
import re

import orjson
from aiohttp import web
from pydantic import BaseModel

from application.use_cases.follow_run import StreamPosition
from application.use_cases.start_run import Repeatable
from domain.errors import ValidationFailed
from entrypoints.http import rendering
from entrypoints.http.answers import json_answer
from entrypoints.http.chat_rendering import chat_answer
from entrypoints.http.operations import Header, Operation, event_stream, json_answer_of, no_content
from entrypoints.http.requests import STREAMS, body_of, path_text, query_of, session_id_of, use_cases
from entrypoints.http.schemas.chat import ChatAnswer, ChatBody
from entrypoints.http.schemas.events import EVENTS
from entrypoints.http.schemas.runs import CancelledRun, Run, RunList, RunQuery
from entrypoints.http.sse import stream_run

MAX_KEY_CHARACTERS = 255

_KEY = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY_CHARACTERS}}}")
_EVENT_ID = re.compile(r"(?P<run_id>[0-9a-f]{16}):(?P<sequence>[0-9]{1,15})", re.ASCII)

IDEMPOTENCY_KEY = Header(
    name="Idempotency-Key",
    description="A repeated request with the same key and body joins, or re-reads, the first one's run (24 hours).",
    example="6f1c2a4e-9b1d-4c57-8a53-0d0a6c1f2b7e",
    pattern=rf"^[!-~]{{1,{MAX_KEY_CHARACTERS}}}$",
)
LAST_EVENT_ID = Header(
    name="Last-Event-ID",
    description="Go on behind this event; `RUN_ID:SEQUENCE`. Anything else is ignored.",
    example="fa7929db3dd08764:42",
)

run_id_of = path_text("run_id")


async def answer(request: web.Request) -> web.Response:
    outcome = await use_cases(request).answer_chat(
        session_id_of(request), body_of(request, ChatBody).to_domain(), _repeatable(request)
    )
    return json_answer(chat_answer(outcome))


async def stream(request: web.Request) -> web.StreamResponse:
    chat = body_of(request, ChatBody).to_domain()
    async with use_cases(request).start_run(session_id_of(request), chat, _repeatable(request)) as started:
        return await stream_run(request, started.run.run_id, started.events, request.app[STREAMS])


async def join(request: web.Request) -> web.StreamResponse:
    position = _position(query_of(request, RunQuery).run_id, request.headers.get("Last-Event-ID"))
    async with use_cases(request).follow_run(session_id_of(request), position) as followed:
        if followed.is_at_end:
            return web.Response(status=204)
        return await stream_run(request, followed.run_id, followed.events, request.app[STREAMS])


async def cancel(request: web.Request) -> web.Response:
    run = await use_cases(request).cancel_run(session_id_of(request), query_of(request, RunQuery).run_id)
    return json_answer({"run_id": run.run_id, "status": run.status})


async def list_runs(request: web.Request) -> web.Response:
    runs = await use_cases(request).list_runs(session_id_of(request))
    return json_answer({"runs": [rendering.run(run) for run in runs]})


async def get_run(request: web.Request) -> web.Response:
    return json_answer(rendering.run(await use_cases(request).get_run(session_id_of(request), run_id_of(request))))


def _repeatable(request: web.Request) -> Repeatable | None:
    """Raises ValidationFailed for a key that no client could repeat exactly."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise ValidationFailed(
            f"The header `Idempotency-Key` must be 1 to {MAX_KEY_CHARACTERS} visible ASCII characters.",
            field="Idempotency-Key",
        )
    return Repeatable(key=key, request_digest=_digest(body_of(request, ChatBody)))


def _digest(body: BaseModel) -> str:
    """Of what the body says, not of how it is written."""
    return hashlib.sha256(orjson.dumps(body.model_dump(), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _position(run_id: str | None, last_event_id: str | None) -> StreamPosition | None:
    """Where to go on: an id of another run than the one asked for, or one that is none of ours, is no place."""
    seen = _EVENT_ID.fullmatch(last_event_id or "")
    if run_id is None:
        return StreamPosition(run_id=seen["run_id"], after=int(seen["sequence"])) if seen else None
    after = int(seen["sequence"]) if seen and seen["run_id"] == run_id else 0
    return StreamPosition(run_id=run_id, after=after)


_START_ERRORS = (
    "SESSION_NOT_FOUND",
    "SESSION_CORRUPT",
    "SESSION_BUSY",
    "EMPTY_HISTORY",
    "VALIDATION_ERROR",
    "CONTEXT_OVERFLOW",
    "IDEMPOTENCY_CONFLICT",
    "STORAGE_ERROR",
)
_RUN_ERRORS = ("MODEL_NOT_FOUND", "OLLAMA_UNREACHABLE", "OLLAMA_ERROR", "OLLAMA_TIMEOUT", "TOOL_ROUNDS_EXCEEDED")
_ANSWER_ERRORS = (*_START_ERRORS, *_RUN_ERRORS, "TOOL_CONFIRMATION_REQUIRED")
_READ_ERRORS = ("SESSION_NOT_FOUND", "SESSION_CORRUPT", "RUN_NOT_FOUND", "STORAGE_ERROR")

OPERATIONS = (
    Operation(
        method="POST",
        path="/api/v1/chat/{session_id}",
        handler=answer,
        tag="chat",
        summary="Ask, and have the whole answer at once",
        description="Leaving the request ends its run, unless `on_disconnect` says otherwise. A tool that "
        "needs consent cannot be asked about here.",
        headers=(IDEMPOTENCY_KEY,),
        body=ChatBody,
        body_may_be_absent=True,
        answers=(json_answer_of(ChatAnswer, "The answer; a run that was cancelled gives what it had written."),),
        errors=_ANSWER_ERRORS,
    ),
    Operation(
        method="POST",
        path="/api/v1/chat/{session_id}/stream",
        handler=stream,
        tag="chat",
        summary="Ask, and read the answer as it is written",
        description="The model's failures are events of the run; what is wrong before it starts is an error.",
        headers=(IDEMPOTENCY_KEY,),
        body=ChatBody,
        body_may_be_absent=True,
        answers=(event_stream(EVENTS, "The events of the run, from `run_start` to `done`."),),
        errors=_START_ERRORS,
    ),
    Operation(
        method="GET",
        path="/api/v1/chat/{session_id}/stream",
        handler=join,
        tag="chat",
        summary="Join a run, or go on reading it",
        description="From its start, or behind `Last-Event-ID`. A run that has ended can be read again.",
        headers=(LAST_EVENT_ID,),
        query=RunQuery,
        answers=(
            event_stream(EVENTS, "The events of the run, up to `done`."),
            no_content("The reader has had everything: an EventSource stops."),
        ),
        errors=_READ_ERRORS,
    ),
    Operation(
        method="POST",
        path="/api/v1/chat/{session_id}/cancel",
        handler=cancel,
        tag="chat",
        summary="End the run at work, or one that waits",
        description="Generation in the model's server ends too. Answers when the run has ended.",
        query=RunQuery,
        answers=(json_answer_of(CancelledRun, "It has ended. What it wrote is kept."),),
        errors=_READ_ERRORS,
    ),
    Operation(
        method="GET",
        path="/api/v1/chat/{session_id}/runs",
        handler=list_runs,
        tag="chat",
        summary="List the runs of a session, newest first",
        description="Those that ended, the one at work, and those that wait.",
        answers=(json_answer_of(RunList, "The runs."),),
        errors=_READ_ERRORS,
    ),
    Operation(
        method="GET",
        path="/api/v1/chat/{session_id}/runs/{run_id}",
        handler=get_run,
        tag="chat",
        summary="Look at a run",
        description="How it stands, why it failed, and which questions are open.",
        answers=(json_answer_of(Run, "The run."),),
        errors=_READ_ERRORS,
    ),
)
