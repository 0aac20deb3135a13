"""What a handler finds in a request."""

from collections.abc import Callable
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel

from domain.errors import InvalidMessageIndex
from entrypoints.http.cacheable import Content
from entrypoints.http.config import HttpConfig
from entrypoints.http.open_stream import StreamKeeper
from entrypoints.http.use_cases import UseCases

M = TypeVar("M", bound=BaseModel)

USE_CASES = web.AppKey("use_cases", UseCases)
CONFIG = web.AppKey("config", HttpConfig)
STREAMS = web.AppKey("streams", StreamKeeper)
DOCUMENT: web.AppKey[Callable[[], Content]] = web.AppKey("document")
BODY = web.RequestKey("body", BaseModel)
QUERY = web.RequestKey("query", BaseModel)

_MAX_INDEX_DIGITS = 9
MAX_MESSAGE_INDEX = 10**_MAX_INDEX_DIGITS - 1


def use_cases(request: web.Request) -> UseCases:
    return request.app[USE_CASES]


def body_of(request: web.Request, model: type[M]) -> M:
    """The validated body; `model` is the one that the operation names."""
    return _as(model, request[BODY])


def query_of(request: web.Request, model: type[M]) -> M:
    """The validated query parameters; `model` is the one that the operation names."""
    return _as(model, request[QUERY])


def _as(model: type[M], value: BaseModel) -> M:
    if not isinstance(value, model):
        raise TypeError(f"The operation declares {type(value).__name__}, its handler reads {model.__name__}.")
    return value


def path_text(name: str) -> Callable[[web.Request], str]:
    return lambda request: request.match_info[name]


session_id_of = path_text("session_id")
filename_of = path_text("filename")
model_name_of = path_text("model_name")


def message_index_of(request: web.Request) -> int:
    """Raises InvalidMessageIndex for what is no number or cannot be a place in a list."""
    text = request.match_info["message_index"]
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_INDEX_DIGITS):
        raise InvalidMessageIndex(
            "The index must be that of a user message of this session (0-based).", index=text[:40]
        )
    return int(text)
