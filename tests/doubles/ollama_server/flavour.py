"""What differs between the two servers that were recorded."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import orjson

from domain.json_value import JsonValue
from tests.doubles.ollama_server.script import Refusal, error

Version: TypeAlias = Literal["0.20.7", "0.32.15"]
VERSIONS: tuple[Version, ...] = get_args(Version)


@dataclass(frozen=True, slots=True)
class Flavour:
    version: Version

    @property
    def has_llama_server(self) -> bool:
        """The engine is a process of its own, with error texts of its own, and serves jinja templates."""
        return self.version == "0.32.15"

    @property
    def think_levels(self) -> tuple[str, ...]:
        return ("high", "medium", "low", "max") if self.has_llama_server else ("high", "medium", "low")

    def missing_in_show(self, name: str, full_name: str) -> Refusal:
        return error(404, f"model '{full_name if self.has_llama_server else name}' not found")

    def too_long(self, tokens: int, window: int) -> Refusal:
        if not self.has_llama_server:
            return error(400, "the input length exceeds the context length")
        return nested(
            f"request ({tokens} tokens) exceeds the available context size ({window} tokens), try increasing it",
            "exceed_context_size_error",
            n_prompt_tokens=tokens,
            n_ctx=window,
        )

    def tokens_of_a_cut_message(self, window: int) -> int:
        """What is counted of one message that alone is too long, where it may be cut."""
        return window // 2 + 3 if self.has_llama_server else window

    def no_eyes(self) -> Refusal | None:
        """What a text model says to a picture; the older server takes it for text."""
        words = "Multimodal data provided, but model does not support multimodal requests."
        return nested(words, "invalid_request_error") if self.has_llama_server else None

    def bad_schema(self, schema: JsonValue) -> Refusal:
        if not self.has_llama_server:
            return error(500, "invalid JSON schema in format")
        words = "Field 'json_schema': \"json_schema\": JSON schema conversion failed:\nUnrecognized schema: "
        return nested(words + orjson.dumps(schema).decode(), "invalid_request_error")


def nested(message: str, kind: str, **more: int) -> Refusal:
    """The engine's own error, handed on as a string."""
    inner = orjson.dumps({"error": {"code": 400, "message": message, "type": kind, **more}})
    return error(400, inner.decode())
