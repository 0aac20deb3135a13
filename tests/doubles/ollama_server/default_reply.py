"""What the server answers when no test told it what: derived from the request, the same every time."""

import re
from collections.abc import Sequence
from hashlib import sha256

import orjson

from domain.json_value import JsonObject, JsonValue
from tests.doubles.ollama_server.flavour import Flavour
from tests.doubles.ollama_server.models import InstalledModel
from tests.doubles.ollama_server.script import Piece, Reply, Step, tool_call
from tests.doubles.ollama_server.validation import messages_of, options_of


def default_reply(body: JsonObject, model: InstalledModel, flavour: Flavour) -> Reply:
    """Thinks where the model does and was not told not to; calls the offered tools that the last message names."""
    thoughts: list[Step] = []
    if "thinking" in model.capabilities_on(flavour) and body.get("think") is not False:
        thoughts = [Piece(thinking=word) for word in _words("let me think")]
    calls = _calls(body, model)
    if calls and model.jinja:
        return Reply(thoughts, last=Piece(tool_calls=calls))
    steps = [*thoughts, Piece(tool_calls=calls)] if calls else [*thoughts, *map(Piece, _words(_text(body)))]
    limit = options_of(body).get("num_predict")
    if isinstance(limit, int) and 0 < limit < len(steps):
        return Reply(steps[:limit], done_reason="length")
    return Reply(steps)


def instance_of(schema: JsonValue, root: JsonObject) -> JsonValue:
    """The plainest value that a JSON schema allows; references are into `root`."""
    if not isinstance(schema, dict):
        return None
    if isinstance(reference := schema.get("$ref"), str):
        target: JsonValue = root
        for name in reference.removeprefix("#/").split("/"):
            target = target.get(name) if isinstance(target, dict) else None
        return instance_of(target, root)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(choices, list):
        return instance_of(choices[0], root)
    values: list[JsonValue] = [schema["const"]] if "const" in schema else schema.get("enum") or []
    return values[0] if values else _instance_of_type(schema, root)


def _instance_of_type(schema: JsonObject, root: JsonObject) -> JsonValue:
    match schema.get("type"):
        case "object":
            properties = schema.get("properties")
            members = properties if isinstance(properties, dict) else {}
            return {name: instance_of(member, root) for name, member in members.items()}
        case "array":
            least = schema.get("minItems")
            return [instance_of(schema.get("items"), root)] * max(1, least if isinstance(least, int) else 1)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case kind:
            plain: JsonObject = {"boolean": True, "string": "text"}
            return plain.get(str(kind))


def _calls(body: JsonObject, model: InstalledModel) -> Sequence[JsonObject]:
    last, offered = messages_of(body)[-1], body.get("tools")
    if last.get("role") != "user" or not isinstance(offered, list):
        return ()
    calls: list[JsonObject] = []
    for tool in offered:
        function = tool["function"] if isinstance(tool, dict) else None
        if isinstance(function, dict) and str(function["name"]) in str(last.get("content")):
            parameters = function.get("parameters")
            arguments = instance_of(parameters, parameters if isinstance(parameters, dict) else {})
            name, index = str(function["name"]), len(calls)
            digest = sha256(f"{index}{orjson.dumps(body).decode()}".encode()).hexdigest()
            call_id = digest[:32] if model.jinja else f"call_{digest[:8]}"
            calls.append(tool_call(name, arguments if isinstance(arguments, dict) else {}, call_id))
    return calls


def _text(body: JsonObject) -> str:
    wanted = body.get("format")
    if wanted:
        value = instance_of(wanted, wanted) if isinstance(wanted, dict) else {"answer": "text"}
        return orjson.dumps(value).decode()
    last = messages_of(body)[-1]
    said = str(last.get("content") or "")
    match last.get("role"):
        case "tool":
            return f"The tool {last.get('tool_name')} said: {said}"
        case "assistant":
            return " and so on."
        case _:
            return f"You said: {said}"


def _words(text: str) -> list[str]:
    """Tokens of a kind: a word with the space before it."""
    return re.findall(r"\s*\S+|\s+$", text)
