"""What a model is sent, as Ollama's JSON."""

import json
from collections.abc import Mapping

import orjson

from application.ports.language_model import ModelRequest
from domain.json_value import JsonObject, JsonValue
from domain.wire_form import wire_message, wire_tool


def encoded(request: ModelRequest) -> bytes:
    """The body of POST /api/chat. Takes milliseconds where the history is long."""
    body = request_body(request)
    try:
        return orjson.dumps(body, default=_plain)
    except orjson.JSONEncodeError:
        # Lone surrogates of an old file and integers over 64 bits: what they mean is the server's to say.
        return json.dumps(body, default=_plain).encode()


def request_body(request: ModelRequest) -> JsonObject:
    """Without `truncate: false` Ollama would cut a long history in silence."""
    body: dict[str, JsonValue] = {
        "model": request.model,
        "messages": [wire_message(message) for message in request.messages],
        "stream": True,
        "truncate": False,
    }
    if request.tools:
        body["tools"] = [wire_tool(tool) for tool in request.tools]
    if request.think is not None:
        body["think"] = request.think
    if request.format is not None:
        body["format"] = request.format
    options = dict(request.options or {})
    if request.num_ctx is not None:
        options["num_ctx"] = request.num_ctx
    if options:
        body["options"] = options
    return body


def _plain(value: object) -> dict[str, JsonValue]:
    """Mappings that are no dicts, which the domain's JSON may hold."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
