"""What the server refuses before it looks at a model, in its own words."""

import base64
import binascii
from collections.abc import Mapping

import orjson

from domain.json_value import JsonObject, JsonValue
from tests.doubles.ollama_server.flavour import Flavour
from tests.doubles.ollama_server.models import InstalledModel
from tests.doubles.ollama_server.script import Refusal, error

_FIELDS: Mapping[str, tuple[type, str]] = {
    "model": (str, "string"),
    "messages": (list, "[]api.Message"),
    "stream": (bool, "bool"),
    "options": (dict, "map[string]interface {}"),
    "tools": (list, "api.Tools"),
}
_GO_KINDS: Mapping[type, str] = {bool: "bool", int: "number", float: "number", str: "string", list: "array"}
_INTEGER_OPTIONS = ("num_ctx", "num_predict", "num_batch", "num_thread", "num_gpu", "num_keep", "seed", "top_k")
_SCHEMA_TYPES = ("object", "array", "string", "integer", "number", "boolean", "null", None)


class Refused(Exception):
    """Carries the answer that refuses."""

    def __init__(self, answer: Refusal) -> None:
        super().__init__(answer)
        self.answer = answer


def parse_body(data: bytes, kind: str = "ChatRequest") -> JsonObject:
    """Raises Refused."""
    if not data:
        raise Refused(error(400, "missing request body"))
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        first = data.decode(errors="replace")[0]
        words = "unexpected EOF" if first in "{[" else f"invalid character '{first}' looking for beginning of value"
        raise Refused(error(400, words)) from None
    if not isinstance(body, dict):
        raise Refused(_cannot_unmarshal(body, f"value of type api.{kind}"))
    for name, (wanted, go_type) in _FIELDS.items():
        if body.get(name) is not None and not isinstance(body[name], wanted):
            raise Refused(_cannot_unmarshal(body[name], f"struct field {kind}.{name} of type {go_type}"))
    for message in body.get("messages") or ():
        _require_message(message)
    return body


def require_options(body: JsonObject, flavour: Flavour) -> None:
    """Raises Refused for values of `think`, `format` and `options` that no model takes."""
    think, wanted = body.get("think"), body.get("format")
    levels = ", ".join(f'"{level}"' for level in flavour.think_levels)
    if not isinstance(think, bool | str | None):
        raise Refused(error(400, f"think must be a boolean or string ({levels}, true, or false)"))
    if isinstance(think, str) and think not in flavour.think_levels:
        raise Refused(error(400, f'invalid think value: "{think}" (must be {levels}, true, or false)'))
    if wanted not in (None, "", "json") and not isinstance(wanted, dict):
        shown = orjson.dumps(wanted).decode().replace('"', '\\"')
        raise Refused(error(500, f'invalid format: "{shown}"; expected "json" or a valid JSON Schema object'))
    if isinstance(wanted, dict) and wanted.get("type") not in _SCHEMA_TYPES:
        raise Refused(flavour.bad_schema(wanted))
    for name in _INTEGER_OPTIONS:
        if type(options_of(body).get(name, 0)) is not int:
            raise Refused(error(500, f'option "{name}" must be of type integer'))


def require_abilities(body: JsonObject, model: InstalledModel, flavour: Flavour) -> None:
    """Raises Refused where the model cannot do what is asked."""
    able = model.capabilities_on(flavour)
    if "completion" not in able:
        raise Refused(error(400, f'"{body["model"]}" does not support chat'))
    if body.get("tools") and "tools" not in able:
        raise Refused(error(400, f"registry.ollama.ai/library/{model.name} does not support tools"))
    if body.get("think") not in (None, False) and "thinking" not in able:
        raise Refused(error(400, f'"{body["model"]}" does not support thinking'))
    refusal = flavour.no_eyes()
    if refusal and "vision" not in able and any(message.get("images") for message in messages_of(body)):
        raise Refused(refusal)


def messages_of(body: JsonObject) -> list[JsonObject]:
    messages = body.get("messages")
    return [message for message in messages if isinstance(message, dict)] if isinstance(messages, list) else []


def options_of(body: JsonObject) -> JsonObject:
    options = body.get("options")
    return options if isinstance(options, dict) else {}


def _require_message(message: JsonValue) -> None:
    if not isinstance(message, dict):
        raise Refused(_cannot_unmarshal(message, "struct field ChatRequest.messages of type api.Message"))
    if not isinstance(message.get("content"), str | None):
        raise Refused(_cannot_unmarshal(message["content"], "struct field Alias.content of type string"))
    for index, image in enumerate(message.get("images") or ()):
        try:
            base64.b64decode(image, validate=True)
        except (binascii.Error, TypeError):
            words = (
                f"json: cannot unmarshal string into Alias.images.{index} of type api.ImageData: illegal base64 data"
            )
            raise Refused(error(400, f"{words} at input byte 0")) from None
    for call in message.get("tool_calls") or ():
        if not isinstance(call["function"]["arguments"], dict):
            raise Refused(error(400, "Value looks like object, but can't find closing '}' symbol"))


def _cannot_unmarshal(value: JsonValue, where: str) -> Refusal:
    return error(400, f"json: cannot unmarshal {_GO_KINDS.get(type(value), 'object')} into Go {where}")
