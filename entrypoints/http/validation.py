"""Requests against their models, with errors that name the field."""

import asyncio
import re
from collections.abc import Sequence
from typing import TypeVar

from aiohttp import web
from multidict import MultiMapping
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from domain.errors import ValidationFailed
from entrypoints.http.bodies import parse_body

M = TypeVar("M", bound=BaseModel)

ERRORS_TOLD = 20
FIELD_CHARACTERS = 200
LARGE_BODY_BYTES = 256 * 1024
"""From here on, reading a body would hold up the streams of others: it is done in a thread."""

_PREFIX = re.compile(r"^(Value error|Assertion failed), ")
_NO_OBJECT = frozenset({"model_type", "model_attributes_type"})


async def validated_body(request: web.Request, model: type[M], *, may_be_absent: bool) -> M:
    """The body as `model`. Where it may be absent, none counts as an empty object. Raises ValidationFailed."""
    body = await request.read()
    if not body:
        if may_be_absent:
            return model()
        raise ValidationFailed("This request needs a JSON body.", field="body")
    if len(body) >= LARGE_BODY_BYTES:
        return await asyncio.to_thread(_validated, body, request.charset, model)
    return _validated(body, request.charset, model)


def _validated(body: bytes, charset: str | None, model: type[M]) -> M:
    return _checked(model, parse_body(body, charset), "body")


def validated_query(query: MultiMapping[str], model: type[M]) -> M:
    """The query parameters as `model`. Raises ValidationFailed, for one that is given twice too."""
    for name in query:
        if len(query.getall(name)) > 1:
            raise ValidationFailed(f"The parameter `{name[:FIELD_CHARACTERS]}` is given twice.", field=name)
    return _checked(model, dict(query), "query")


def _checked(model: type[M], value: object, whole: str) -> M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False, include_input=False), whole) from error


def _refusal(found: Sequence[ErrorDetails], whole: str) -> ValidationFailed:
    errors = [_told(error, whole) for error in found[:ERRORS_TOLD]]
    first = errors[0]
    return ValidationFailed(f"`{first['field']}`: {first['message']}", field=first["field"], errors=errors)


def _told(error: ErrorDetails, whole: str) -> dict[str, str]:
    field = ".".join(map(str, error["loc"]))[:FIELD_CHARACTERS] or whole
    if error["type"] == "extra_forbidden":
        return {"field": field, "message": "There is no such field."}
    if error["type"] in _NO_OBJECT:  # whose words name a class of ours
        return {"field": field, "message": "Input should be an object."}
    return {"field": field, "message": _PREFIX.sub("", error["msg"])}
