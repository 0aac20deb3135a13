"""Summaries of sessions (contract, section 9)."""

from aiohttp import web

from domain.session import Summary
from entrypoints.http.answers import json_answer
from entrypoints.http.operations import Operation, json_answer_of
from entrypoints.http.rendering import Rendered
from entrypoints.http.requests import body_of, session_id_of, use_cases
from entrypoints.http.routes.sessions import OF_ONE, READING_ERRORS
from entrypoints.http.schemas.summaries import KeptSummary, MadeSummary, SummarizeBody

_TAG = "summaries"


async def summarize(request: web.Request) -> web.Response:
    body = body_of(request, SummarizeBody)
    return json_answer(_rendered(await use_cases(request).summarize_session(session_id_of(request), body.model)))


async def read_summary(request: web.Request) -> web.Response:
    return json_answer(_rendered(await use_cases(request).read_summary(session_id_of(request))))


def _rendered(summary: Summary | None) -> Rendered:
    if summary is None:
        return {"summary": None, "topics": None, "model_used": None}
    return {"summary": summary.summary, "topics": summary.topics, "model_used": summary.model}


OPERATIONS = (
    Operation(
        method="POST",
        path=f"{OF_ONE}/summarize",
        handler=summarize,
        tag=_TAG,
        summary="Summarise a session now",
        description="A model that is named is remembered. A run that comes meanwhile comes first: SESSION_BUSY.",
        body=SummarizeBody,
        body_may_be_absent=True,
        answers=(json_answer_of(MadeSummary, "The summary, which is stored."),),
        errors=(
            *READING_ERRORS,
            "SESSION_BUSY",
            "EMPTY_HISTORY",
            "SUMMARY_MODEL_REQUIRED",
            "MODEL_NOT_FOUND",
            "OLLAMA_UNREACHABLE",
            "OLLAMA_ERROR",
            "OLLAMA_TIMEOUT",
        ),
    ),
    Operation(
        method="GET",
        path=f"{OF_ONE}/summary",
        handler=read_summary,
        tag=_TAG,
        summary="Show the summary of a session",
        description="The latest that was made, in the background or on request.",
        answers=(json_answer_of(KeptSummary, "The summary, or nulls."),),
        errors=READING_ERRORS,
    ),
)
