"""The history of a session: read, edited, and led by a system prompt."""

from collections.abc import Sequence

from aiohttp import web

from domain.message import Message
from entrypoints.http import rendering
from entrypoints.http.answers import json_answer, rendered_answer
from entrypoints.http.operations import Operation, json_answer_of, no_content
from entrypoints.http.requests import body_of, message_index_of, session_id_of, use_cases
from entrypoints.http.routes.sessions import OF_ONE, READING_ERRORS
from entrypoints.http.schemas.messages import MessageEdit, MessageList
from entrypoints.http.schemas.session_answers import SystemPrompt
from entrypoints.http.schemas.sessions import SystemPromptBody

_TAG = "messages"
_CHANGING_ERRORS = (*READING_ERRORS, "SESSION_BUSY")


async def list_messages(request: web.Request) -> web.Response:
    return await _messages_answer(await use_cases(request).list_messages(session_id_of(request)))


async def edit_message(request: web.Request) -> web.Response:
    messages = await use_cases(request).edit_message(
        session_id_of(request),
        message_index=message_index_of(request),
        content=body_of(request, MessageEdit).content,
    )
    return await _messages_answer(messages)


async def _messages_answer(messages: Sequence[Message]) -> web.Response:
    return await rendered_answer(lambda: {"messages": rendering.messages(messages)}, rendering.characters_of(messages))


async def set_system_prompt(request: web.Request) -> web.Response:
    body = body_of(request, SystemPromptBody)
    prompt = await use_cases(request).set_system_prompt(
        session_id_of(request), content=body.content, source_file=body.source_file
    )
    return json_answer({"content": prompt.content, "source_file": prompt.source_file, "message_index": 0})


async def remove_system_prompt(request: web.Request) -> web.Response:
    await use_cases(request).remove_system_prompt(session_id_of(request))
    return web.Response(status=204)


OPERATIONS = (
    Operation(
        method="GET",
        path=f"{OF_ONE}/messages",
        handler=list_messages,
        summary="List the messages",
        description="All of them, also those that the model is not shown any more.",
        tag=_TAG,
        answers=(json_answer_of(MessageList, "The whole history, oldest first."),),
        errors=READING_ERRORS,
    ),
    Operation(
        method="PUT",
        path=f"{OF_ONE}/messages/{{message_index}}",
        handler=edit_message,
        summary="Edit a user message",
        description="All messages after it are dropped.",
        tag=_TAG,
        body=MessageEdit,
        answers=(json_answer_of(MessageList, "The history as it is then."),),
        errors=(*_CHANGING_ERRORS, "INVALID_MESSAGE_INDEX"),
    ),
    Operation(
        method="PUT",
        path=f"{OF_ONE}/system-prompt",
        handler=set_system_prompt,
        summary="Set the system prompt",
        description="The rest of the history stays.",
        tag=_TAG,
        body=SystemPromptBody,
        answers=(json_answer_of(SystemPrompt, "The prompt as it is kept."),),
        errors=(*_CHANGING_ERRORS, "PROMPT_NOT_FOUND"),
    ),
    Operation(
        method="DELETE",
        path=f"{OF_ONE}/system-prompt",
        handler=remove_system_prompt,
        summary="Remove the system prompt",
        description="The rest of the history stays. Where there was none, nothing changes.",
        tag=_TAG,
        answers=(no_content("There is no system prompt now."),),
        errors=_CHANGING_ERRORS,
    ),
)
