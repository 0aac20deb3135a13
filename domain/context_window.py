"""How large a model's context window is made for a conversation (contract, section 8)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias

from domain.errors import ValidationFailed
from domain.json_value import JsonObject

AdjustmentReason: TypeAlias = Literal[
    "history_trimmed", "manual_override", "model_change", "usage_threshold", "initial_setup", "no_adjustment"
]

INITIAL_WINDOW = 8192
"""Tokens a new conversation's window starts with, where the model's safe limit allows that many."""

ADJUSTMENTS_KEPT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """One change of a conversation's window, in tokens, or of how many of its oldest messages are left out."""

    timestamp: datetime
    reason: AdjustmentReason
    previous_window: int | None
    new_window: int
    messages_left_out: int = 0
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextWindowConfig:
    """What a session remembers of its window. `current_window` is None until its first run set one."""

    dynamic_enabled: bool = True
    current_window: int | None = None
    manual_override: bool = False
    last_adjustment: Adjustment | None = None
    adjustment_history: tuple[Adjustment, ...] = ()
    extra: JsonObject = field(default_factory=dict)

    @property
    def messages_left_out(self) -> int:
        """How many of the oldest messages the last run went without."""
        return self.last_adjustment.messages_left_out if self.last_adjustment else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowChoice:
    """What a person asks of a window: fixed at `current_window` tokens, or, without `manual_override`, free."""

    manual_override: bool
    current_window: int | None = None


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


def require_window(choice: WindowChoice, model_max_context: int | None) -> None:
    """Raises ValidationFailed where `choice` fixes a window that is not within 1 and the model's largest (if known)."""
    if not choice.manual_override:
        return
    window = choice.current_window
    if window is None or window < 1 or (model_max_context is not None and window > model_max_context):
        largest = "the model's largest" if model_max_context is None else f"{model_max_context}, the model's largest"
        raise ValidationFailed(
            f"A fixed context window needs a `current_window` from 1 to {largest}.",
            field="context_window.current_window",
            model_max_context=model_max_context,
        )


def with_choice(config: ContextWindowConfig, choice: WindowChoice, at: datetime) -> ContextWindowConfig:
    """`config` under a choice that `require_window` has let through.

    A window that was fixed and is freed is forgotten, so that the next run sizes it anew; a free one stays as it is.
    """
    if not choice.manual_override:
        freed = replace(config, manual_override=False, current_window=None)
        return freed if config.manual_override else config
    if choice.current_window is None or (config.manual_override and choice.current_window == config.current_window):
        return config
    return adjusted(replace(config, manual_override=True), choice.current_window, "manual_override", at)


def fitted(config: ContextWindowConfig, model_max_context: int | None, at: datetime) -> ContextWindowConfig:
    """`config` for another model: a window that was fixed beyond that model's largest shrinks to it."""
    window = config.current_window
    if not config.manual_override or window is None or model_max_context is None or window <= model_max_context:
        return config
    return adjusted(config, model_max_context, "model_change", at)


def adjusted(
    config: ContextWindowConfig,
    new_window: int,
    reason: AdjustmentReason,
    at: datetime,
    *,
    messages_left_out: int | None = None,
) -> ContextWindowConfig:
    """`config` with a window of `new_window` tokens, and why; the oldest adjustments beyond those kept are dropped.

    As many messages stay left out as were, where `messages_left_out` does not say otherwise.
    """
    left_out = config.messages_left_out if messages_left_out is None else messages_left_out
    adjustment = Adjustment(
        timestamp=at,
        reason=reason,
        previous_window=config.current_window,
        new_window=new_window,
        messages_left_out=left_out,
    )
    return replace(
        config,
        current_window=new_window,
        last_adjustment=adjustment,
        adjustment_history=(*config.adjustment_history, adjustment)[-ADJUSTMENTS_KEPT:],
    )
