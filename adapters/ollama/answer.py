"""The lines of an answer, as chunks. This is done for every token: one parse and one object, no more."""

import json
import re
from collections.abc import Mapping
from typing import cast

import orjson

from adapters.ollama.errors import failure_in_stream
from application.ports.id_source import IdSource
from application.ports.language_model import ModelChunk, ModelEnd
from domain.errors import ModelServerFailed
from domain.json_value import JsonObject, JsonValue
from domain.message import ToolCall

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def chunk_of(line: bytes, ids: IdSource) -> ModelChunk:
    """Raises ModelServerFailed for a line that reports an error, or that is not one of an answer."""
    try:
        piece = orjson.loads(line)
    except orjson.JSONDecodeError:
        piece = _mended(line)
    if type(piece) is not dict:
        raise _not_understood("a line is no object")
    error = piece.get("error")
    if error is not None:
        raise failure_in_stream(error)
    done = piece.get("done", False)
    message = piece.get("message")
    if type(message) is not dict or type(done) is not bool:
        raise _not_understood("a line has no message")
    content, thinking, calls = message.get("content"), message.get("thinking"), message.get("tool_calls")
    return ModelChunk(
        content if type(content) is str else _no_text(content),
        thinking if type(thinking) is str else _no_text(thinking),
        () if calls is None else _tool_calls(calls, ids),
        _end(piece) if done else None,
    )


def _no_text(value: object) -> str:
    if value is not None:
        raise _not_understood("text is no string")
    return ""


def _tool_calls(calls: object, ids: IdSource) -> tuple[ToolCall, ...]:
    if not isinstance(calls, list):
        raise _not_understood("tool calls are no list")
    return tuple(_tool_call(call, ids) for call in calls)


def _tool_call(call: object, ids: IdSource) -> ToolCall:
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(call, Mapping) or not isinstance(function, Mapping):
        raise _not_understood("a tool call has no function")
    call_id, name, arguments = call.get("id"), function.get("name"), function.get("arguments")
    if not isinstance(call_id, str | None) or not isinstance(name, str) or not isinstance(arguments, Mapping | None):
        raise _not_understood("a tool call is of the wrong form")
    return ToolCall(call_id=call_id or ids.new_id(), tool_name=name, arguments=cast("JsonObject", arguments or {}))


def _end(piece: JsonObject) -> ModelEnd:
    done_reason = piece.get("done_reason")
    if not isinstance(done_reason, str | None):
        raise _not_understood("the reason of the end is no string")
    return ModelEnd(
        done_reason=done_reason or "stop",
        prompt_eval_count=_count(piece.get("prompt_eval_count")),
        eval_count=_count(piece.get("eval_count")),
        load_duration_ns=_count(piece.get("load_duration")),
    )


def _count(value: JsonValue) -> int | None:
    if value is None or (type(value) is int and value >= 0):
        return value
    raise _not_understood("a count is no natural number")


def _mended(line: bytes) -> object:
    """What orjson refuses and a model may still say: a lone surrogate, or bytes that are not UTF-8, as U+FFFD."""
    try:
        return _clean(json.loads(line.decode("utf-8", "replace")))
    except (ValueError, RecursionError) as error:
        raise _not_understood("a line is no JSON") from error


def _clean(value: object) -> object:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def _not_understood(what: str) -> ModelServerFailed:
    return ModelServerFailed(f"Ollama sent an answer that is not understood: {what}.")
