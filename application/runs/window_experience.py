"""What was learnt of models' tokens and windows while this server ran. It is lost with the process, soon regained."""

import logging
from typing import Generic, TypeVar

from application.ports.language_model import ModelEnd
from domain.model_card import model_key
from domain.token_estimate import TokenEstimate

RELOAD_NS = 100_000_000
"""The `load_duration` of a model that was loaded: 260 ms were measured for a tiny one, 1 to 3 where it was there."""

MODELS_KEPT = 200
SESSIONS_KEPT = 10_000

_log = logging.getLogger(__name__)

Value = TypeVar("Value")


class _Newest(Generic[Value]):
    """The values that were set last, by key."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: dict[str, Value] = {}

    def get(self, key: str) -> Value | None:
        return self._values.get(key)

    def set(self, key: str, value: Value) -> None:
        self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self._size:
            del self._values[next(iter(self._values))]


class WindowExperience:
    """Estimates by model, and by session the reloads that its changes of the window caused."""

    def __init__(self) -> None:
        self._estimates: _Newest[TokenEstimate] = _Newest(MODELS_KEPT)
        self._reloads: _Newest[int] = _Newest(SESSIONS_KEPT)

    def estimate_of(self, model: str) -> TokenEstimate:
        return self._estimates.get(model_key(model)) or TokenEstimate()

    def learn(self, model: str, weight: int, counted: int | None, *, is_all_text: bool) -> None:
        """Take in what the models' server counted of a prompt of `weight`."""
        if counted is not None:
            estimate = self.estimate_of(model).learnt(weight, counted, is_all_text=is_all_text)
            self._estimates.set(model_key(model), estimate)

    def reloads_of(self, session_id: str) -> int:
        """How often, since this server started, a run of the session had a loaded model loaded anew."""
        return self._reloads.get(session_id) or 0

    def note_load(
        self, session_id: str, model: str, *, loaded_window: int | None, num_ctx: int | None, end: ModelEnd
    ) -> bool:
        """Count a reload that the change from `loaded_window` to `num_ctx` caused. Whether there was one.

        The first load of a model, or one after it was unloaded, is nobody's doing.
        """
        if loaded_window is None or num_ctx in (None, loaded_window) or (end.load_duration_ns or 0) < RELOAD_NS:
            return False
        self._reloads.set(session_id, self.reloads_of(session_id) + 1)
        _log.info(
            "session %s had %s loaded anew in %.1f s: its window went from %d to %d tokens",
            session_id,
            model,
            (end.load_duration_ns or 0) / 1e9,
            loaded_window,
            num_ctx,
        )
        return True
