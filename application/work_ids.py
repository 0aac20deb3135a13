"""What is worked on here and now, for the lines of the log: known to everything that the work calls or starts."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkIds:
    """Each is None outside of such work. `arrived_at` is the clock's monotonic time of the request, in seconds."""

    request_id: str | None = None
    session_id: str | None = None
    run_id: str | None = None
    arrived_at: float | None = None


_CURRENT: ContextVar[WorkIds] = ContextVar("work_ids", default=WorkIds())  # noqa: B039 - frozen


def current_ids() -> WorkIds:
    return _CURRENT.get()


@contextmanager
def serving_request(request_id: str, session_id: str | None, arrived_at: float) -> Iterator[None]:
    with _set(WorkIds(request_id=request_id, session_id=session_id, arrived_at=arrived_at)):
        yield


@contextmanager
def working_on_run(session_id: str, run_id: str) -> Iterator[None]:
    """Beside the request that asked for it, where that is known."""
    with _set(replace(_CURRENT.get(), session_id=session_id, run_id=run_id)):
        yield


@contextmanager
def _set(ids: WorkIds) -> Iterator[None]:
    token = _CURRENT.set(ids)
    try:
        yield
    finally:
        _CURRENT.reset(token)
