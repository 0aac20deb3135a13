"""The server, as a test holds it."""

from types import TracebackType
from typing import Self

from aiohttp import web

from tests.doubles.ollama_server.flavour import Version
from tests.doubles.ollama_server.models import INSTALLED, InstalledModel
from tests.doubles.ollama_server.routes import application
from tests.doubles.ollama_server.state import ServerState


class OllamaServer(ServerState):
    """Listens on loopback from `start` to `stop`, at `url`."""

    def __init__(self, version: Version = "0.32.15", models: tuple[InstalledModel, ...] = INSTALLED) -> None:
        super().__init__(version, models)
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> None:
        self._runner = web.AppRunner(
            application(self), handler_cancellation=True, access_log=None, shutdown_timeout=0.01
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, backlog=1024)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Ends what is at work. The port is free afterwards: a client finds nobody there."""
        self.stopping = True
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
