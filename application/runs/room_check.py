"""Refusing what can never be answered, before anything of it is stored (contract, section 8)."""

import asyncio
from collections.abc import Iterator, Sequence

from domain.context_window import safe_limit
from domain.conversation import after_last_user_message_dropped, system_prompt_of
from domain.errors import ContextOverflow
from domain.message import Message
from domain.prompt_size import left_out_of, turn_cuts
from domain.run import ChatRequest
from domain.session import Session
from domain.token_estimate import is_surely_longer


class RoomCheck:
    """Knows the largest window that a session can have."""

    def __init__(self, *, dynamic_window_enabled: bool) -> None:
        self._dynamic_window_enabled = dynamic_window_enabled

    async def __call__(self, session: Session, request: ChatRequest, model_max_context: int | None) -> None:
        """Raises ContextOverflow where the newest turn, with the system prompt, is longer for sure.

        What may fit is left to the model's server to judge.
        """
        limit = self._limit(session, model_max_context)
        if limit is None:
            return
        texts = tuple(_newest_texts(session, request))
        if sum(map(len, texts)) > limit and await asyncio.to_thread(is_surely_longer, texts, limit):
            raise ContextOverflow(
                f"The message does not fit into the model's context window of {limit} tokens, not even alone. "
                "Shorten it or the system prompt, or use a model with a larger context.",
                limit=limit,
                model_max_context=model_max_context,
            )

    def _limit(self, session: Session, model_max_context: int | None) -> int | None:
        """None where nobody knows."""
        window = session.context_window
        if self._dynamic_window_enabled and window.manual_override and window.current_window is not None:
            return min(window.current_window, model_max_context or window.current_window)
        if model_max_context is None or not self._dynamic_window_enabled:
            return model_max_context
        return safe_limit(model_max_context)


def _newest_texts(session: Session, request: ChatRequest) -> Iterator[str]:
    prompt = system_prompt_of(session.messages)
    if request.message is not None:
        yield prompt.content if prompt else ""
        yield request.message
        return
    if request.regenerate:
        session = after_last_user_message_dropped(session, session.updated_at)
    for message in _with_newest_turn_only(session.messages):
        yield message.content


def _with_newest_turn_only(messages: Sequence[Message]) -> Sequence[Message]:
    return left_out_of(messages, turn_cuts(messages)[-1])
