"""A run: one request of a chat at work on a session (contract, section 5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from domain.json_value import JsonObject
from domain.message import AssistantMessage

RunStatus: TypeAlias = Literal[
    "queued", "running", "awaiting_confirmation", "completed", "cancelled", "failed", "interrupted"
]
EndStatus: TypeAlias = Literal["completed", "cancelled", "failed", "interrupted"]
Think: TypeAlias = bool | Literal["low", "medium", "high"]
OnDisconnect: TypeAlias = Literal["cancel", "continue"]
IfBusy: TypeAlias = Literal["reject", "enqueue", "interrupt"]

END_STATUSES: frozenset[RunStatus] = frozenset({"completed", "cancelled", "failed", "interrupted"})
IDEMPOTENCY_KEPT = timedelta(hours=24)
"""How long a repeated request with the same `Idempotency-Key` finds the first one's run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What a person asks of a session. `message` None means: answer, or continue, what is there."""

    message: str | None = None
    images: tuple[str, ...] = ()
    regenerate: bool = False
    think: Think = False
    options: JsonObject | None = None
    format: JsonObject | None = None
    on_disconnect: OnDisconnect = "cancel"
    if_busy: IfBusy = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailure:
    """The error that ended a run."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The record of a run.

    `message_id` is the assistant message it wrote last; `last_sequence` the number of its `done` event, so that a
    reader who has seen it is told so even after the events are gone. Counts are tokens, summed over its rounds.
    `idempotency_key` and `request_digest` tell a repeated request from another one.
    """

    run_id: str
    session_id: str
    status: RunStatus
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    message_id: str | None = None
    eval_count: int | None = None
    prompt_eval_count: int | None = None
    error: RunFailure | None = None
    last_sequence: int | None = None
    idempotency_key: str | None = None
    request_digest: str | None = None

    @property
    def has_ended(self) -> bool:
        return self.status in END_STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialAnswer:
    """The text of an answer that is still being written, as it would be stored if the run were cut now.

    Where `message` continues one that the history holds, it carries the old text and the new.
    """

    session_id: str
    run_id: str
    message: AssistantMessage
