"""The forms of ids (contract, section 4): ten lower-case hex characters for sessions and messages."""

import re

from domain.errors import SessionNotFound

_SESSION_OR_MESSAGE_ID = re.compile(r"[0-9a-f]{10}", re.ASCII)
_RUN_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)


def is_id(text: str) -> bool:
    """Whether `text` can be the id of a session or a message. What cannot be one is never looked up."""
    return _SESSION_OR_MESSAGE_ID.fullmatch(text) is not None


def is_run_id(text: str) -> bool:
    """Whether `text` can be a run's id: sixteen hex characters, as runs outnumber sessions by far."""
    return _RUN_ID.fullmatch(text) is not None


def require_session_id(text: str) -> None:
    """Raises SessionNotFound for what cannot be a session's id, so that no store ever sees it."""
    if not is_id(text):
        raise SessionNotFound(text)
