"""How long a prompt is, and what happens to one that is too long."""

import orjson

from domain.json_value import JsonObject
from tests.doubles.ollama_server.flavour import Flavour
from tests.doubles.ollama_server.models import InstalledModel
from tests.doubles.ollama_server.validation import Refused, messages_of

CHARACTERS_A_TOKEN = 4
TOKENS_A_MESSAGE = 3
TOKENS_A_PICTURE = 256


def count_prompt(body: JsonObject, model: InstalledModel, window: int, flavour: Flavour) -> int:
    """`prompt_eval_count`, after the cuts that the server makes in silence. Raises Refused where it may not cut."""
    messages = messages_of(body)
    tools = _tokens(body["tools"]) if body.get("tools") else 0
    sizes = [_message_tokens(message) for message in messages]
    total = tools + sum(sizes)
    if total <= window:
        return total
    one_huge_one = sizes[-1] + tools > window
    if body.get("truncate") is False or (one_huge_one and model.jinja and flavour.has_llama_server):
        raise Refused(flavour.too_long(total, window))
    if one_huge_one:
        return flavour.tokens_of_a_cut_message(window)
    for message, size in zip(messages[:-1], sizes[:-1], strict=True):
        if total > window and message.get("role") != "system":
            total -= size
    return total


def _message_tokens(message: JsonObject) -> int:
    said = [message.get("content"), message.get("thinking"), message.get("tool_calls")]
    images = message.get("images")
    pictures = len(images) if isinstance(images, list) else 0
    return TOKENS_A_MESSAGE + sum(map(_tokens, filter(None, said))) + TOKENS_A_PICTURE * pictures


def _tokens(value: object) -> int:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return -(-len(text) // CHARACTERS_A_TOKEN)
