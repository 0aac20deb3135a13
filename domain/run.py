"""A run: one request of a chat at work on a session (contract, section 5)."""

from collections.abc import Iterable
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

OLD_RUNS_KEPT = 50
"""How many of a session's runs are kept beyond that time."""


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


def runs_to_keep(runs: Iterable[Run], now: datetime) -> list[Run]:
    """`runs`, newest first, without those that nothing needs any more.

    Kept are those that have not ended, those that ended within `IDEMPOTENCY_KEPT`, and the newest of the others.
    """
    kept, old = [], 0
    for run in newest_first(runs):
        is_old = run.ended_at is not None and now - run.ended_at > IDEMPOTENCY_KEPT
        old += is_old
        if not is_old or old <= OLD_RUNS_KEPT:
            kept.append(run)
    return kept


def newest_first(runs: Iterable[Run]) -> list[Run]:
    return sorted(runs, key=_age_key, reverse=True)


def _age_key(run: Run) -> tuple[datetime, str]:
    return (run.created_at, run.run_id)
