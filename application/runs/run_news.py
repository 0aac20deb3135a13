"""What becomes of runs, for those who act upon it."""

from typing import Protocol

from application.runs.run_handle import RunHandle


class RunWatcher(Protocol):
    """Told within the step that it tells of: each method must be quick and must not raise."""

    def taken_in(self, handle: RunHandle) -> None:
        """A run was asked for: it starts now or waits for its turn."""
        ...

    def asks(self, handle: RunHandle, model: str) -> None:
        """A run is about to ask a model, for the first time or again."""
        ...

    def ended(self, handle: RunHandle) -> None:
        """A run has ended and its session is free, or its successor's."""
        ...


class RunNews(RunWatcher):
    """Hands on what it is told, in the order in which the watchers came."""

    def __init__(self) -> None:
        self._watchers: list[RunWatcher] = []

    def watch(self, watcher: RunWatcher) -> None:
        self._watchers.append(watcher)

    def taken_in(self, handle: RunHandle) -> None:
        for watcher in self._watchers:
            watcher.taken_in(handle)

    def asks(self, handle: RunHandle, model: str) -> None:
        for watcher in self._watchers:
            watcher.asks(handle, model)

    def ended(self, handle: RunHandle) -> None:
        for watcher in self._watchers:
            watcher.ended(handle)
