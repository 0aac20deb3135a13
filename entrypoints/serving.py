"""Serving an application until the process is told to stop."""

import asyncio
import errno
import ipaddress
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version

from aiohttp import web

from entrypoints.arguments import DISTRIBUTION
from entrypoints.garbage import leave_alone_what_stays
from entrypoints.http.runner import HttpRunner
from entrypoints.log_writer import log_written_aside
from entrypoints.logging_setup import LOGGER_NAME
from entrypoints.settings import Settings, flag_of, variable_of

SHUTDOWN_TIMEOUT = 1.5
"""Seconds that aiohttp waits for handlers; it does so twice, and a stop is to end within eight, its runs' ends
included."""

BACKLOG = 1024
"""Connections that may wait to be accepted, so that a burst of clients is not turned away."""

FILES = 65_536
"""What the process may have open, where the system lets it: a stream takes two, and many systems give 1024."""

MACOS_FILES = 10_240
"""macOS calls its hard limit endless, and refuses more than its kernel's, which is this unless somebody raised it."""

EXIT_FORCED = 130

SWITCH_SECONDS = 0.0005
"""How long a thread that computes keeps the loop waiting; CPython's own figure is 5 ms, an age for a token. The
threads that serve runs wait for files and databases, and compute little in between."""

logger = logging.getLogger(LOGGER_NAME)


class CannotListen(Exception):
    """The address is taken or not ours; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Bound:
    """An address that is listened on."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    @property
    def is_reachable_by_others(self) -> bool:
        return not ipaddress.ip_address(self.host.partition("%")[0]).is_loopback


async def serve(app: web.Application, settings: Settings) -> None:
    """Until SIGTERM or SIGINT; a second SIGINT ends the process at once.

    Raises CannotListen, and what the application raises at its start.
    """
    allow_many_files()
    with ExitStack() as log:
        log.enter_context(log_written_aside())
        stop = stopped_by_signals(before_force=log.close)
        async with listening(app, settings.host, settings.port) as bound:
            _tell(bound, settings)
            favour_the_loop()
            await stop.wait()
            logger.info("stopping")


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[Sequence[Bound]]:
    """The application, started and reachable; stopped on leaving."""
    runner = HttpRunner(app, handler_cancellation=True, shutdown_timeout=SHUTDOWN_TIMEOUT, access_log=None)
    try:
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port, backlog=BACKLOG).start()
        except OSError as error:
            raise CannotListen(_reason(host, port, error)) from error
        yield [Bound(address[0], address[1]) for address in runner.addresses]
    finally:
        await runner.cleanup()


def _reason(host: str, port: int, error: OSError) -> str:
    number = error.errno or 0
    # Name resolution has numbers below zero and words of its own.
    words = os.strerror(number) if number > 0 else error.strerror or str(error)
    if number in {errno.EADDRINUSE, errno.EACCES}:
        advice = f"choose another {variable_of('port')} ({flag_of('port')}); 0 takes any free one"
    else:
        advice = f"choose another {variable_of('host')} ({flag_of('host')})"
    return f"cannot listen on {host} port {port}: {words.lower()}; {advice}"


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed, else None for asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - it is not to be had on every system
    except ImportError:
        return None
    return uvloop.new_event_loop


def allow_many_files() -> None:
    """Raise the soft limit of open files as far as the hard one allows, and as far as it makes sense."""
    try:
        import resource  # noqa: PLC0415 - it is not to be had on every system
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    for files in (wanted, MACOS_FILES):
        if soft == resource.RLIM_INFINITY or soft >= files:
            return
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
            return


def favour_the_loop() -> None:
    """Keep the interpreter's own work from holding up the loop, which relays tokens."""
    leave_alone_what_stays()
    sys.setswitchinterval(SWITCH_SECONDS)


def stopped_by_signals(before_force: Callable[[], None] = lambda: None) -> asyncio.Event:
    """Set by SIGTERM and SIGINT. A second SIGINT ends the process, after `before_force` and nothing else."""
    stop = asyncio.Event()

    def interrupt() -> None:
        if stop.is_set():
            logger.warning("stopped by force")
            before_force()
            os._exit(EXIT_FORCED)
        stop.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, interrupt)
    return stop


def _tell(bound: Sequence[Bound], settings: Settings) -> None:
    urls = [address.url for address in bound]
    model = f"Ollama at {settings.ollama_host}" if settings.llm == "ollama" else f"the built-in {settings.llm} model"
    logger.info(
        "mochi-server %s listens on %s, with %s",
        version(DISTRIBUTION),
        " and ".join(urls),
        model,
        extra={"urls": urls},
    )
    exposed = [address.url for address in bound if address.is_reachable_by_others]
    if exposed and not settings.api_keys:
        logger.warning(
            "ANYONE WHO CAN REACH %s CAN USE THIS SERVER: it listens beyond this machine and asks for no key. "
            "Set MOCHI_API_KEYS, or MOCHI_HOST=127.0.0.1.",
            " AND ".join(exposed),
        )
