"""What a model is sent, as Ollama's JSON."""

import json
from collections.abc import Mapping

import orjson

from application.ports.language_model import ModelRequest
from domain.json_value import JsonObject, JsonValue
from domain.message import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage, UserMessage


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
        "messages": [message_body(message) for message in request.messages],
        "stream": True,
        "truncate": False,
    }
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


def message_body(message: Message) -> JsonObject:
    """One message; a field that would say nothing is left out. Pictures go as the base64 text that they are."""
    body: dict[str, JsonValue] = {"role": message.role, "content": message.content}
    match message:
        case UserMessage(images=images) if images:
            body["images"] = images
        case AssistantMessage(thinking=thinking, tool_calls=tool_calls):
            if thinking:
                body["thinking"] = thinking
            if tool_calls:
                body["tool_calls"] = [_call_body(call) for call in tool_calls]
        case ToolMessage(tool_name=tool_name, tool_call_id=tool_call_id):
            body["tool_name"] = tool_name
            if tool_call_id is not None:
                body["tool_call_id"] = tool_call_id
        case UserMessage() | SystemMessage():
            pass
    return body


def _call_body(call: ToolCall) -> JsonObject:
    return {"id": call.call_id, "function": {"name": call.tool_name, "arguments": call.arguments}}


def _plain(value: object) -> dict[str, JsonValue]:
    """Mappings that are no dicts, which the domain's JSON may hold."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
