"""The public door: what programs that embed mochi-server import.

    from mochi_server import Settings, create_app

    app = create_app(Settings(llm="demo", port=0))

Each name is loaded when it is first used, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entrypoints.container import Container
    from entrypoints.lifespan import create_app, opened
    from entrypoints.settings import Settings

    __version__: str

__all__ = ["Container", "Settings", "__version__", "create_app", "opened"]

_HOMES = {
    "Container": "entrypoints.container",
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
