"""Records of runs and unfinished answers ⇄ JSON objects."""

from collections.abc import Mapping, Sequence
from typing import Any

import pydantic
from pydantic import TypeAdapter, ValidationError

from adapters.codec.errors import NotDecodable, NotEncodable
from adapters.codec.fields import RawObject, read_object, read_text
from adapters.codec.messages import decode_assistant_message, encode_message
from domain.json_value import JsonValue
from domain.run import PartialAnswer, Run

_RUN = TypeAdapter(Run)
# Pydantic cannot resolve the domain's recursive name of a JSON value by itself; its own means the same.
_RUN.rebuild(_types_namespace={"Sequence": Sequence, "Mapping": Mapping, "JsonValue": pydantic.JsonValue})


def encode_run(run: Run) -> RawObject:
    """Raises NotEncodable for JSON that is nested too deeply."""
    try:
        raw: dict[str, Any] = _RUN.dump_python(run, mode="json")
    except (ValueError, RecursionError):
        raise NotEncodable from None
    return raw


def decode_run(value: JsonValue) -> Run:
    """Raises NotDecodable."""
    try:
        return _RUN.validate_python(value)
    except (ValidationError, RecursionError):
        raise NotDecodable("it is not the record of a run") from None


def encode_partial(partial: PartialAnswer) -> RawObject:
    return {
        "session_id": partial.session_id,
        "run_id": partial.run_id,
        "message": encode_message(partial.message),
    }


def decode_partial(value: JsonValue) -> PartialAnswer:
    """Raises NotDecodable."""
    raw = read_object(value, "an unfinished answer")
    return PartialAnswer(
        session_id=read_text(raw.get("session_id"), "session_id"),
        run_id=read_text(raw.get("run_id"), "run_id"),
        message=decode_assistant_message(read_object(raw.get("message"), "message")),
    )
