"""The public door: what programs that embed mochi-server import.

    from mochi_server import Settings, create_app

    app = create_app(Settings(llm="demo", port=0))

Each name is loaded when it is first used, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from application.use_cases.create_session import NewSession
    from domain.confirmation import Decision
    from domain.errors import MochiError
    from domain.run import ChatRequest
    from domain.run_event import (
        AgentComplete,
        AgentConfirmationRequired,
        AgentExecution,
        AgentPlanning,
        AgentStart,
        AgentToolCall,
        AgentToolResult,
        ConfirmationRequired,
        ContentDelta,
        Done,
        RunError,
        ThinkingDelta,
        ToolResult,
    )
    from domain.session import AgentSettings, ToolSettings
    from entrypoints.container import Container
    from entrypoints.lifespan import create_app, opened
    from entrypoints.settings import Settings

    __version__: str

__all__ = [
    "AgentComplete",
    "AgentConfirmationRequired",
    "AgentExecution",
    "AgentPlanning",
    "AgentSettings",
    "AgentStart",
    "AgentToolCall",
    "AgentToolResult",
    "ChatRequest",
    "ConfirmationRequired",
    "Container",
    "ContentDelta",
    "Decision",
    "Done",
    "MochiError",
    "NewSession",
    "RunError",
    "Settings",
    "ThinkingDelta",
    "ToolResult",
    "ToolSettings",
    "__version__",
    "create_app",
    "opened",
]

_HOMES = {
    "AgentComplete": "domain.run_event",
    "AgentConfirmationRequired": "domain.run_event",
    "AgentExecution": "domain.run_event",
    "AgentPlanning": "domain.run_event",
    "AgentSettings": "domain.session",
    "AgentStart": "domain.run_event",
    "AgentToolCall": "domain.run_event",
    "AgentToolResult": "domain.run_event",
    "ChatRequest": "domain.run",
    "ConfirmationRequired": "domain.run_event",
    "Container": "entrypoints.container",
    "ContentDelta": "domain.run_event",
    "Decision": "domain.confirmation",
    "Done": "domain.run_event",
    "MochiError": "domain.errors",
    "NewSession": "application.use_cases.create_session",
    "RunError": "domain.run_event",
    "Settings": "entrypoints.settings",
    "ThinkingDelta": "domain.run_event",
    "ToolResult": "domain.run_event",
    "ToolSettings": "domain.session",
    "create_app": "entrypoints.lifespan",
    "opened": "entrypoints.lifespan",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("mochi-server")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
