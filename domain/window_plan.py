"""Which window a question to the model asks for, and what of the history goes with it (contract, section 8)."""

from dataclasses import dataclass, replace
from datetime import datetime

from domain.context_window import (
    INITIAL_WINDOW,
    AdjustmentReason,
    ContextWindowConfig,
    adjusted,
    safe_limit,
)
from domain.errors import ContextOverflow, PromptTooLong
from domain.history_trimming import AnswerRoom, left_out_for
from domain.json_value import JsonObject
from domain.prompt_size import PromptSize

BLIND_FACTOR = 2.0
"""How much larger than thought a prompt is taken to be that was refused by a server which does not say its size."""

BLIND_MARGIN = 1.25
"""The same, over the window that it did not fit into and over what its text alone makes likely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowQuestion:
    """All that the window of a question depends on, in tokens.

    `model_max_context` is None where it is not known; `loaded_window` where the model is not loaded, or nobody knows.
    `answer_tokens` is the longest answer that was asked for, None where none was; `ceiling` what the server was found
    to grant at most.
    """

    config: ContextWindowConfig
    size: PromptSize
    dynamic_enabled: bool
    model_max_context: int | None
    has_changed_model: bool = False
    loaded_window: int | None = None
    answer_tokens: int | None = None
    ceiling: int | None = None

    @property
    def is_fixed(self) -> bool:
        return self.config.manual_override and self.config.current_window is not None

    @property
    def limit(self) -> int:
        """The largest window that is asked for: a fixed one, else the model's safe limit.

        A model whose largest context is not known gets INITIAL_WINDOW: its server clamps what is too large.
        """
        if self.config.manual_override and self.config.current_window is not None:
            # A file or an import may say more than the model can.
            limit = min(self.config.current_window, self.model_max_context or self.config.current_window)
        else:
            limit = INITIAL_WINDOW if self.model_max_context is None else safe_limit(self.model_max_context)
        return limit if self.ceiling is None else min(limit, self.ceiling)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPlan:
    """`num_ctx` in tokens, None where the model's server is to choose; `config` is what the session remembers.

    `prompt_tokens` is the size of the prompt without the oldest `messages_left_out` messages.
    """

    num_ctx: int | None
    reason: AdjustmentReason
    config: ContextWindowConfig
    prompt_tokens: int
    messages_left_out: int = 0


def plan_window(question: WindowQuestion, at: datetime) -> WindowPlan:
    """The window of the next question to a model, and how much of the history goes with it."""
    config, size = question.config, question.size
    if not question.dynamic_enabled:
        return WindowPlan(num_ctx=None, reason="no_adjustment", config=config, prompt_tokens=size.tokens(0))
    room = AnswerRoom.within(question.limit, question.answer_tokens)
    left_out = left_out_for(size, question.limit, room, standing=config.messages_left_out)
    tokens = size.tokens(left_out)
    window = question.limit if question.is_fixed or left_out else _window_for(question, tokens)
    reason = _reason(question, window, tokens, left_out)
    return WindowPlan(
        num_ctx=window,
        reason=reason,
        config=_remembered(config, window, reason, left_out, at),
        prompt_tokens=tokens,
        messages_left_out=left_out,
    )


def tighter_plan(question: WindowQuestion, plan: WindowPlan, refusal: PromptTooLong, at: datetime) -> WindowPlan:
    """The plan after the server refused `plan`: a larger window while there is one, else a shorter history.

    Raises ContextOverflow where neither is left.
    """
    if plan.num_ctx is None:
        raise refusal
    granted = plan.num_ctx if refusal.window is None else min(plan.num_ctx, refusal.window)
    real = refusal.prompt_tokens or _presumed_size(question.size, plan, granted)
    retry = plan_window(
        replace(
            question,
            size=question.size.stricter(real / max(plan.prompt_tokens, 1)),
            loaded_window=granted,
            ceiling=granted if granted < plan.num_ctx else None,
        ),
        at,
    )
    has_grown = retry.num_ctx is not None and retry.num_ctx > plan.num_ctx
    if has_grown or retry.messages_left_out > plan.messages_left_out:
        return retry
    raise overflow(plan, refusal)


def _presumed_size(size: PromptSize, plan: WindowPlan, granted: int) -> int:
    """The size of a refused prompt of which the server says nothing.

    Counts may be those of a server that had cut the history in silence: so what is estimated of the text counts too.
    """
    by_text = size.estimate.tokens(size.weight(plan.messages_left_out))
    return int(max(plan.prompt_tokens * BLIND_FACTOR, granted * BLIND_MARGIN, by_text * BLIND_MARGIN))


def overflow(plan: WindowPlan, refusal: PromptTooLong) -> ContextOverflow:
    """What is said when nothing more can be left out, or what was left out was not enough."""
    details: JsonObject = {
        "current_window": plan.num_ctx,
        "estimated_tokens": refusal.prompt_tokens or plan.prompt_tokens,
        "messages_left_out": plan.messages_left_out,
    }
    return ContextOverflow(
        "The conversation does not fit into the model's context window, not even without its older turns. "
        "Shorten the last message or the system prompt, or use a model with a larger context.",
        **details,
    )


def _window_for(question: WindowQuestion, tokens: int) -> int:
    """The loaded window where it will do, so that nothing is reloaded; else the one before; else as large as needed."""
    remembered = None if question.has_changed_model else question.config.current_window
    for window in (question.loaded_window, remembered):
        if window is not None and _will_do(question, window, tokens):
            return window
    return _needed(question, tokens)


def _needed(question: WindowQuestion, tokens: int) -> int:
    """The first of the doubling steps that will do, the limit where none does."""
    window = min(INITIAL_WINDOW, question.limit)
    while window < question.limit and not _will_do(question, window, tokens):
        window *= 2
    return min(window, question.limit)


def _will_do(question: WindowQuestion, window: int, tokens: int) -> bool:
    """Whether a prompt of `tokens` passes neither half of the window nor what the answer leaves of it."""
    limit = question.limit
    if not min(INITIAL_WINDOW, limit) <= window <= limit:
        return False
    return window == limit or max(tokens * 2, tokens + (question.answer_tokens or 0)) <= window


def _reason(question: WindowQuestion, window: int, tokens: int, left_out: int) -> AdjustmentReason:
    """The first that holds. To take a loaded window as it is, is no adjustment."""
    before = question.config.current_window
    if left_out:
        return "history_trimmed"
    if question.is_fixed:
        return "manual_override"
    if before is not None and question.has_changed_model:
        return "model_change"
    if before is not None and not _will_do(question, before, tokens):
        return "usage_threshold" if window > before else "model_change"
    return "initial_setup" if before is None else "no_adjustment"


def _remembered(
    config: ContextWindowConfig, window: int, reason: AdjustmentReason, left_out: int, at: datetime
) -> ContextWindowConfig:
    """`config` with an adjustment where there was one, and the very same where nothing has changed."""
    is_as_before = window == config.current_window and left_out == config.messages_left_out
    if is_as_before and reason != "model_change":
        return config
    if reason == "no_adjustment" and left_out == config.messages_left_out:
        return replace(config, current_window=window)
    return adjusted(config, window, reason, at, messages_left_out=left_out)
