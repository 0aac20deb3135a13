"""A run: one request of a chat at work on a session (contract, section 5)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from domain.agent import Delegation
from domain.confirmation import Confirmation
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

    def to_go_on_with(self) -> "ChatRequest":
        """What counts of it once its message is in the history."""
        return replace(self, message=None, images=(), regenerate=False)


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
    `idempotency_key` and `request_digest` tell a repeated request from another one. `confirmations` are all questions
    that it asked; with the first of them comes `request`, what it is to go on with should the server stop meanwhile.
    `delegation` is the call by which an agent works for it now, or worked when it ended.
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
    confirmations: tuple[Confirmation, ...] = ()
    request: ChatRequest | None = None
    delegation: Delegation | None = None

    @property
    def has_ended(self) -> bool:
        return self.status in END_STATUSES

    @property
    def open_questions(self) -> tuple[Confirmation, ...]:
        """Those that nobody has answered, while the run can still hear the answer."""
        return () if self.has_ended else tuple(each for each in self.confirmations if each.is_pending)

    @property
    def outlives_its_server(self) -> bool:
        """Whether the run stays open when the server stops: a person is still to answer, or has just approved."""
        goes_on = self.request is not None and self.request.on_disconnect == "continue"
        return goes_on and not self.has_ended and any(each.awaits_its_call for each in self.confirmations)

    def confirmation(self, confirmation_id: str) -> Confirmation | None:
        return next((each for each in self.confirmations if each.confirmation_id == confirmation_id), None)

    def with_confirmation(self, changed: Confirmation) -> "Run":
        """The run with `changed` in the place of the question of its id; its status follows from what is open."""
        confirmations = tuple(
            changed if each.confirmation_id == changed.confirmation_id else each for each in self.confirmations
        )
        return self.with_confirmations(confirmations)

    def with_confirmations(self, confirmations: tuple[Confirmation, ...]) -> "Run":
        is_open = any(each.is_pending for each in confirmations)
        status: RunStatus = "awaiting_confirmation" if is_open else "running"
        return replace(self, confirmations=confirmations, status=status)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialAnswer:
    """The text of an answer that is still being written, as it would be stored if the run were cut now.

    `session_id` is the run's, or that of the agent who writes for it.
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
