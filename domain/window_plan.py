"""Which window a question to the model asks for (contract, section 8)."""

from dataclasses import dataclass
from datetime import datetime

from domain.context_window import (
    INITIAL_WINDOW,
    AdjustmentReason,
    ContextWindowConfig,
    adjusted,
    initial_window,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPlan:
    """`num_ctx` in tokens, None where the model's server is to choose; `config` is what the session remembers."""

    num_ctx: int | None
    reason: AdjustmentReason
    config: ContextWindowConfig


def plan_window(
    config: ContextWindowConfig, *, model_max_context: int | None, dynamic_enabled: bool, at: datetime
) -> WindowPlan:
    """The window of the next question: a fixed one where a person fixed it, else the initial one of the model.

    A model whose largest context is not known gets INITIAL_WINDOW: its server clamps what is too large.
    """
    if not dynamic_enabled:
        return WindowPlan(num_ctx=None, reason="no_adjustment", config=config)
    if config.manual_override and config.current_window is not None:
        return WindowPlan(num_ctx=config.current_window, reason="manual_override", config=config)
    window = INITIAL_WINDOW if model_max_context is None else initial_window(model_max_context)
    if window == config.current_window:
        return WindowPlan(num_ctx=window, reason="no_adjustment", config=config)
    reason: AdjustmentReason = "initial_setup" if config.current_window is None else "model_change"
    return WindowPlan(num_ctx=window, reason=reason, config=adjusted(config, window, reason, at))
