"""Sessions of any length, made without a server."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from adapters.codec.session_file import encode_session_file
from domain.message import AssistantMessage, Message, UserMessage
from domain.session import Session

AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
MODEL: Final = "tiny-vision"
"""A thousand messages fit in its window."""

_TEXT = "lorem ipsum " * 20
_ID_TO_REPLACE = "x" * 10


def message(number: int) -> Message:
    """A user's where `number` is even. 240 characters or so."""
    if number % 2 == 0:
        return UserMessage(message_id=f"{number:010x}", timestamp=AT, content=f"{_TEXT}{number}")
    return AssistantMessage(
        message_id=f"{number:010x}", timestamp=AT, content=_TEXT, model=MODEL, eval_count=1, prompt_eval_count=2
    )


def session(session_id: str, length: int) -> Session:
    messages = tuple(message(number) for number in range(length))
    return Session(session_id=session_id, model=MODEL, created_at=AT, updated_at=AT, messages=messages)


def session_file(length: int) -> bytes:
    return encode_session_file(session(f"{length:010x}", length)).data


def write_sessions(folder: Path, count: int, length: int) -> None:
    """Files of `count` sessions that are alike but for their ids."""
    folder.mkdir(parents=True, exist_ok=True)
    template = encode_session_file(session(_ID_TO_REPLACE, length)).data
    for number in range(count):
        session_id = f"{number:010x}"
        (folder / f"{session_id}.json").write_bytes(template.replace(_ID_TO_REPLACE.encode(), session_id.encode()))
