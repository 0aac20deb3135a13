"""Windows of questions that nobody's turn depends on: never a reason to have a model loaded anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from application.ports.language_model import ModelEnd
from application.runs.loaded_windows import LoadedWindows
from application.runs.window_experience import WindowExperience
from application.runs.window_keeper import WindowKeeper
from domain.errors import PromptTooLong
from domain.model_card import ModelCard
from domain.session import Session

MARGIN = 0.9
"""The part of a window that is planned with: estimates of tokens are off by some percent."""

RATIO_STEP = 0.5

ASSUMED_WINDOW = 4_096
"""What Ollama takes by itself without a GPU, where no window is asked for and none is loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundWindow:
    """`num_ctx` in tokens, None where the model's server is to choose; a prompt of `most_weight` leaves room for the
    answer. `session_id` is the conversation's that is asked about."""

    session_id: str
    model: str
    num_ctx: int | None
    most_weight: int


class BackgroundWindows:
    """Takes the loaded window as it is; where none is loaded, that which the session's next run would ask for."""

    def __init__(
        self,
        *,
        windows: WindowKeeper,
        loaded: LoadedWindows,
        experience: WindowExperience,
        dynamic_window_enabled: bool,
    ) -> None:
        self._windows = windows
        self._loaded = loaded
        self._experience = experience
        self._dynamic_window_enabled = dynamic_window_enabled

    async def window_of(self, session: Session, card: ModelCard, answer_tokens: int) -> BackgroundWindow:
        """For questions about `session` to the model of `card`, with answers of `answer_tokens`. Raises nothing."""
        window = await self._loaded.window_of(card.name)
        if window is None and self._dynamic_window_enabled:
            prompt = await self._windows.size(replace(session, model=card.name), card.context_length, None)
            window = prompt.plan.num_ctx
        if window is None:
            window = min(ASSUMED_WINDOW, card.context_length or ASSUMED_WINDOW)
        room = max(window - answer_tokens, window // 2)
        ratio = self._experience.estimate_of(card.name).ratio
        return BackgroundWindow(
            session_id=session.session_id,
            model=card.name,
            num_ctx=window if self._dynamic_window_enabled else None,
            # In steps, so that what is learnt meanwhile hardly ever parts a conversation in other places.
            most_weight=int(room * MARGIN * max(ratio // RATIO_STEP * RATIO_STEP, RATIO_STEP)),
        )

    @contextmanager
    def asking(self, window: BackgroundWindow, weight: int) -> Iterator[None]:
        """While the model is asked: others know of it. A refusal tells how long the prompt was, if the server does."""
        try:
            with self._loaded.asking(window.model, window.num_ctx):
                yield
        except PromptTooLong as refusal:
            self._learn(window.model, weight, refusal.prompt_tokens)
            raise

    def learn(self, window: BackgroundWindow, weight: int, end: ModelEnd) -> None:
        """Take in what an answer says of a prompt of `weight`."""
        self._learn(window.model, weight, end.prompt_eval_count)

    def _learn(self, model: str, weight: int, counted: int | None) -> None:
        self._experience.learn(model, weight, counted, is_all_text=True)
