"""System prompt files."""

from aiohttp import web

from domain.prompt import Prompt
from entrypoints.http.answers import json_answer
from entrypoints.http.operations import Operation, json_answer_of, no_content
from entrypoints.http.requests import body_of, filename_of, use_cases
from entrypoints.http.schemas.prompts import NewPrompt, PromptContent, PromptFile, PromptList

_TAG = "system prompts"
_PATH = "/api/v1/system-prompts"


async def list_prompts(request: web.Request) -> web.Response:
    prompts = await use_cases(request).list_prompts()
    return json_answer(
        {
            "prompts": [
                {"filename": prompt.filename, "preview": prompt.preview, "word_count": prompt.word_count}
                for prompt in prompts
            ]
        }
    )


async def create_prompt(request: web.Request) -> web.Response:
    body = body_of(request, NewPrompt)
    prompt = await use_cases(request).create_prompt(Prompt(filename=body.filename, content=body.content))
    return json_answer(_rendered(prompt), status=201)


async def read_prompt(request: web.Request) -> web.Response:
    return json_answer(_rendered(await use_cases(request).read_prompt(filename_of(request))))


async def replace_prompt(request: web.Request) -> web.Response:
    content = body_of(request, PromptContent).content
    prompt = Prompt(filename=filename_of(request), content=content)
    return json_answer(_rendered(await use_cases(request).replace_prompt(prompt)))


async def delete_prompt(request: web.Request) -> web.Response:
    await use_cases(request).delete_prompt(filename_of(request))
    return web.Response(status=204)


def _rendered(prompt: Prompt) -> dict[str, object]:
    return {"filename": prompt.filename, "content": prompt.content}


OPERATIONS = (
    Operation(
        method="GET",
        path=_PATH,
        handler=list_prompts,
        summary="List the prompt files",
        description="The beginning of each, without the rest.",
        tag=_TAG,
        answers=(json_answer_of(PromptList, "The files, by name."),),
        errors=("STORAGE_ERROR",),
    ),
    Operation(
        method="POST",
        path=_PATH,
        handler=create_prompt,
        summary="Create a prompt file",
        description="Sessions can name it as their system prompt.",
        tag=_TAG,
        body=NewPrompt,
        answers=(json_answer_of(PromptFile, "The file as it is kept.", status=201),),
        errors=("PROMPT_EXISTS", "STORAGE_ERROR"),
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/{{filename}}",
        handler=read_prompt,
        summary="Read a prompt file",
        description="The whole text.",
        tag=_TAG,
        answers=(json_answer_of(PromptFile, "The file."),),
        errors=("PROMPT_NOT_FOUND", "STORAGE_ERROR"),
    ),
    Operation(
        method="PUT",
        path=f"{_PATH}/{{filename}}",
        handler=replace_prompt,
        summary="Change a prompt file",
        description="Sessions keep the text that they began with.",
        tag=_TAG,
        body=PromptContent,
        answers=(json_answer_of(PromptFile, "The file as it is kept."),),
        errors=("PROMPT_NOT_FOUND", "STORAGE_ERROR"),
    ),
    Operation(
        method="DELETE",
        path=f"{_PATH}/{{filename}}",
        handler=delete_prompt,
        summary="Delete a prompt file",
        description="Sessions keep the text that they began with.",
        tag=_TAG,
        answers=(no_content("The file is gone."),),
        errors=("PROMPT_NOT_FOUND", "STORAGE_ERROR"),
    ),
)
