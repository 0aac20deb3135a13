"""`--reload`: the server in a child process that is started again when the code or `.env` changes."""

import importlib.util
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from watchfiles import PythonFilter, watch

from entrypoints.logging_setup import LOGGER_NAME
from entrypoints.settings import ENV_FILE

RELOAD_FLAG = "--reload"
PACKAGES = ("domain", "application", "adapters", "entrypoints", "mochi_server")
PATIENCE = 10.0
"""Seconds a child may take to stop before it is killed; its own shutdown is done in under eight."""

LOOK_AT_ENV_FILE_EVERY = 500
"""Milliseconds. The file may not exist yet, and editors replace it: watching the file itself would lose it."""

logger = logging.getLogger(LOGGER_NAME)


def serve_and_reload() -> int:
    """Until SIGINT or SIGTERM. A child that ends by itself is started again at the next change."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    # The way this process was started, whether as a script or a module, is the way to start the child.
    command = [sys.executable, *(part for part in sys.orig_argv[1:] if part != RELOAD_FLAG)]
    child = _start(command)
    try:
        for reason in _changes(stop):
            logger.info("%s changed: starting again", reason)
            _end(child)
            child = _start(command)
    finally:
        _end(child)
    return 0


def package_folders() -> list[Path]:
    """Where the code of this program lies."""
    specs = [importlib.util.find_spec(name) for name in PACKAGES]
    return [Path(place) for spec in specs if spec for place in spec.submodule_search_locations or ()]


def _changes(stop: threading.Event) -> Iterator[str]:
    """A word for each change of the code or of `.env`, until `stop`."""
    env_file_before = _state_of(Path(ENV_FILE))
    watched = watch(
        *package_folders(),
        watch_filter=PythonFilter(),
        stop_event=stop,
        rust_timeout=LOOK_AT_ENV_FILE_EVERY,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    for changes in watched:
        env_file_now = _state_of(Path(ENV_FILE))
        if changes:
            yield Path(min(changes, key=lambda change: change[1])[1]).name
        elif env_file_now != env_file_before:
            yield ENV_FILE
        env_file_before = env_file_now


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command)  # noqa: S603 - our own command line, started again


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
