"""How large a model's context window is made for a conversation (contract, section 8)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from domain.json_value import NOTHING_EXTRA, JsonObject

AdjustmentReason: TypeAlias = Literal[
    "history_trimmed", "manual_override", "model_change", "usage_threshold", "initial_setup", "no_adjustment"
]

INITIAL_WINDOW = 8192
"""Tokens a new conversation's window starts with, where the model's safe limit allows that many."""

ADJUSTMENTS_KEPT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """One change of a conversation's window, in tokens."""

    timestamp: datetime
    reason: AdjustmentReason
    previous_window: int | None
    new_window: int
    extra: JsonObject = NOTHING_EXTRA


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextWindowConfig:
    """What a session remembers of its window. `current_window` is None until its first run set one."""

    dynamic_enabled: bool = True
    current_window: int | None = None
    manual_override: bool = False
    last_adjustment: Adjustment | None = None
    adjustment_history: tuple[Adjustment, ...] = ()
    extra: JsonObject = NOTHING_EXTRA


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowUse:
    """What a run says of the window it asked for; `current_window` is None where none was asked for."""

    current_window: int | None
    usage_tokens: int
    reason: AdjustmentReason
    messages_left_out: int


def safe_limit(model_max_context: int) -> int:
    """90% of the model's largest context, rounded down: room for the counting errors of estimates."""
    return model_max_context * 9 // 10


def initial_window(model_max_context: int) -> int:
    """The window of a new conversation."""
    return min(safe_limit(model_max_context), INITIAL_WINDOW)
