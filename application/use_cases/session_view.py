"""A session as an answer shows it: with what its model and this server make of it."""

from dataclasses import dataclass

from application.model_directory import ModelDirectory
from application.offers import Offers
from application.runs.window_keeper import WindowKeeper
from domain.context_window import AdjustmentReason
from domain.known_names import KnownNames
from domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowView:
    """A session's context window, in tokens (contract, section 8).

    `dynamic_enabled` is the server's setting. `current_window` is None until a run or a person set one;
    `model_max_context` None where the model's server does not tell within a second. `reloads` counts those that the
    session's windows caused since the server started; `estimate_error` is a part of 1, None before the first count.
    """

    dynamic_enabled: bool
    current_window: int | None
    model_max_context: int | None
    last_adjustment_reason: AdjustmentReason | None
    manual_override: bool
    usage_tokens: int
    messages_left_out: int
    reloads: int
    estimate_error: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """`known_names` tells which of the session's tools and agents are there."""

    session: Session
    context_window: WindowView
    known_names: KnownNames

    @property
    def warnings(self) -> tuple[str, ...]:
        """Name the tools and agents that the session has to go on without."""
        return self.known_names.warnings(self.session)


class SessionViews:
    """Makes views; never fails, and waits for the model's server for a second at most."""

    def __init__(
        self, *, models: ModelDirectory, offers: Offers, windows: WindowKeeper, dynamic_window_enabled: bool
    ) -> None:
        self._models = models
        self._offers = offers
        self._windows = windows
        self._dynamic_window_enabled = dynamic_window_enabled

    async def view(self, session: Session) -> SessionView:
        known_names = await self._offers.known_names(session.tool_settings, session.agent_settings)
        return SessionView(
            session=session,
            context_window=await self._window(session),
            known_names=known_names,
        )

    async def _window(self, session: Session) -> WindowView:
        card = await self._models.peek(session.model)
        standing = await self._windows.standing(session)
        config = session.context_window
        return WindowView(
            dynamic_enabled=self._dynamic_window_enabled,
            current_window=config.current_window,
            model_max_context=card.context_length if card else None,
            last_adjustment_reason=config.last_adjustment.reason if config.last_adjustment else None,
            manual_override=config.manual_override,
            usage_tokens=standing.usage_tokens,
            messages_left_out=standing.messages_left_out,
            reloads=standing.reloads,
            estimate_error=standing.estimate_error,
        )
