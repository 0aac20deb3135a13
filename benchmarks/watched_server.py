"""mochi-server that tells what it holds: on SIGUSR1 it writes a line of JSON into the file that WATCH_FILE names.

With REPLAY_SECONDS in the environment, runs that have ended can be read again for so long, instead of ten minutes: what
is kept for them is no leak, and would hide one.
"""

import asyncio
import gc
import json
import os
import signal
from pathlib import Path

from aiohttp import web

from adapters.memory import run_log
from benchmarks.programs import resident_kib
from entrypoints.lifespan import create_app
from entrypoints.logging_setup import configure_logging
from entrypoints.serving import loop_factory, serve
from entrypoints.settings import read_settings


def write_held() -> None:
    """Whole or not at all: the reader waits for the file."""
    gc.collect()
    held = {
        "tasks": len(asyncio.all_tasks()),
        "files": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "resident_kib": resident_kib(os.getpid()),
        "objects": len(gc.get_objects()),
    }
    target = Path(os.environ["WATCH_FILE"])
    scratch = target.with_suffix(".part")
    scratch.write_text(json.dumps(held), encoding="utf-8")
    scratch.rename(target)


async def watch(_app: web.Application) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, write_held)


def main() -> None:
    run_log.REPLAY_SECONDS = float(os.environ.get("REPLAY_SECONDS", run_log.REPLAY_SECONDS))
    settings = read_settings({})
    configure_logging(settings.log_level, settings.log_format)
    app = create_app(settings)
    app.on_startup.append(watch)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(app, settings))


if __name__ == "__main__":
    main()
