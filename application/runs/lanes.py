"""Who works on a session now and who comes next."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from application.runs.run_handle import RunHandle
from domain.errors import SessionBusy
from domain.run import IfBusy


class Lane:
    """One session's runs: one at work, the others in their order. `holds` counts edits that runs must wait for."""

    __slots__ = ("active", "holds", "waiting")

    def __init__(self) -> None:
        self.active: RunHandle | None = None
        self.waiting: deque[RunHandle] = deque()
        self.holds = 0

    @property
    def is_idle(self) -> bool:
        return self.active is None and not self.waiting

    def all_runs(self) -> list[RunHandle]:
        return [*([self.active] if self.active else []), *self.waiting]


class Lanes:
    """The lanes of all sessions that have any run or hold. Nothing here awaits, so each change is atomic."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}

    def active_run(self, session_id: str) -> RunHandle | None:
        lane = self._lanes.get(session_id)
        return lane.active if lane else None

    def runs_of(self, session_id: str) -> list[RunHandle]:
        lane = self._lanes.get(session_id)
        return lane.all_runs() if lane else []

    def all_runs(self) -> list[RunHandle]:
        return [handle for lane in self._lanes.values() for handle in lane.all_runs()]

    def admit(self, handle: RunHandle, if_busy: IfBusy) -> RunHandle | None:
        """Put a run into its lane and give the one that can start now, if any.

        Raises SessionBusy where the lane is taken and the run does not want to wait. With `interrupt` it goes to the
        head of those that wait; ending the run at work is the caller's part.
        """
        lane = self._lanes.setdefault(handle.run.session_id, Lane())
        if not lane.is_idle and if_busy == "reject":
            first = lane.active or lane.waiting[0]
            raise SessionBusy(handle.run.session_id, first.run.run_id)
        if if_busy == "interrupt":
            lane.waiting.appendleft(handle)
        else:
            lane.waiting.append(handle)
        return self._take_next(lane)

    def leave(self, handle: RunHandle) -> RunHandle | None:
        """Take a run that has ended out of its lane and give the one that starts now: nobody slips in between."""
        lane = self._lanes[handle.run.session_id]
        if lane.active is handle:
            lane.active = None
        else:
            lane.waiting.remove(handle)
        following = self._take_next(lane)
        self._drop_if_empty(handle.run.session_id, lane)
        return following

    @contextmanager
    def hold(self, session_id: str) -> Iterator[None]:
        """Keep runs from starting. Raises SessionBusy where one is at work or waits."""
        lane = self._lanes.setdefault(session_id, Lane())
        if not lane.is_idle:
            first = lane.active or lane.waiting[0]
            raise SessionBusy(session_id, first.run.run_id)
        lane.holds += 1
        try:
            yield
        finally:
            lane.holds -= 1
            self._drop_if_empty(session_id, lane)

    def next_after_hold(self, session_id: str) -> RunHandle | None:
        """The run that came while the session was held, if no other hold is left."""
        lane = self._lanes.get(session_id)
        return self._take_next(lane) if lane else None

    def _take_next(self, lane: Lane) -> RunHandle | None:
        if lane.active is None and lane.waiting and not lane.holds:
            lane.active = lane.waiting.popleft()
            return lane.active
        return None

    def _drop_if_empty(self, session_id: str, lane: Lane) -> None:
        if lane.is_idle and not lane.holds:
            self._lanes.pop(session_id, None)
