"""The public door: what programs that embed mochi-server import.

    from mochi_server import Settings, create_app

    app = create_app(Settings(llm="demo", port=0))

Each name is loaded when it is first used, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from application.use_cases.create_session import NewSession
    from domain.run import ChatRequest
    from domain.run_event import ContentDelta, Done
    from entrypoints.container import Container
    from entrypoints.lifespan import create_app, opened
    from entrypoints.settings import Settings

    __version__: str

__all__ = [
    "ChatRequest",
    "Container",
    "ContentDelta",
    "Done",
    "NewSession",
    "Settings",
    "__version__",
    "create_app",
    "opened",
]

_HOMES = {
    "ChatRequest": "domain.run",
    "Container": "entrypoints.container",
    "ContentDelta": "domain.run_event",
    "Done": "domain.run_event",
    "NewSession": "application.use_cases.create_session",
    "Settings": "entrypoints.settings",
    "create_app": "entrypoints.lifespan",
    "opened": "entrypoints.lifespan",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("mochi-server")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
