"""`mochi-server chat`, put together: the container's world, a screen, and what ends it."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from domain.errors import MochiError
from entrypoints.chat.conversation import Conversation
from entrypoints.chat.models import NoModel, choose_model
from entrypoints.chat.plain_screen import PlainScreen
from entrypoints.chat.screen import EndOfInput, Interrupted, Screen
from entrypoints.chat.talk import Talk
from entrypoints.chat.typed_lines import TypedLines
from entrypoints.chat.use_cases import use_cases_of
from entrypoints.chat.wording import told
from entrypoints.container import Container
from entrypoints.lifespan import opened
from entrypoints.logging_setup import LOGGER_NAME, configure_logging
from entrypoints.settings import Settings, settings_without_effect, unknown_variables

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

_GREETING = "mochi-server chat with {model}. /help lists the commands, Ctrl-D ends it."


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOptions:
    model: str | None = None
    session_id: str | None = None
    think: bool = False


def run_chat(settings: Settings, options: ChatOptions) -> int:
    """The exit code: 0 where all went well, or somebody chatted; 1 where something failed, 130 after a signal."""
    try:
        return asyncio.run(_chat(settings, options))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except MochiError as error:
        return _complain(told(error))
    except BrokenPipeError:
        # Python would try once more to write what is left, at its very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except OSError as error:
        # The terminal is gone, and most likely nobody reads this.
        with suppress(OSError):
            _complain(error.strerror or str(error))
        return EXIT_FAILED


def _complain(reason: str) -> int:
    sys.stderr.write(f"mochi-server chat: {reason}\n")
    return EXIT_FAILED


async def _chat(settings: Settings, options: ChatOptions) -> int:
    with _screen(settings) as screen:
        for line in [*unknown_variables(), *settings_without_effect(settings)]:
            logging.getLogger(LOGGER_NAME).warning(line)
        async with opened(Container(settings=settings)) as container:
            talking = asyncio.create_task(_talk(container, screen, options))
            return await _until_told_to_stop(talking, container, by_interrupt=not screen.can_ask)


@contextmanager
def _screen(settings: Settings) -> Iterator[Screen]:
    level = max(logging.WARNING, logging.getLevelName(settings.log_level))
    configure_logging(logging.getLevelName(level), settings.log_format)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield PlainScreen(TypedLines(sys.stdin.fileno()), sys.stdout, sys.stderr)
        return
    from entrypoints.chat.terminal_screen import on_terminal  # noqa: PLC0415 - it takes a while, and pipes need none

    with on_terminal(sys.stdin.fileno(), sys.stderr, log_level=level) as screen:
        yield screen


async def _until_told_to_stop(talking: "asyncio.Task[int]", container: Container, *, by_interrupt: bool) -> int:
    """The chat's exit code, or that of one which a signal ended: its run is ended as that of a server that stops."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP, *([signal.SIGINT] if by_interrupt else [])):
        loop.add_signal_handler(number, stop.set)
    told_to = asyncio.create_task(stop.wait())
    await asyncio.wait({talking, told_to}, return_when=asyncio.FIRST_COMPLETED)
    told_to.cancel()
    if talking.done():
        return EXIT_INTERRUPTED if talking.cancelled() else talking.result()
    await container.supervisor().stop()
    talking.cancel()
    # What it raises is that the terminal is gone, which may be why we are told to stop.
    await asyncio.gather(talking, return_exceptions=True)
    return EXIT_INTERRUPTED


async def _talk(container: Container, screen: Screen, options: ChatOptions) -> int:
    use_cases = use_cases_of(container)
    talk = Talk(use_cases=use_cases, screen=screen, model=options.model or "", think=options.think)
    beginning = asyncio.create_task(_begin(talk, options))
    try:
        # Ctrl-C while a server is waited for ends the program.
        with screen.interrupting(beginning.cancel):
            await beginning
    except NoModel as error:
        return _complain(str(error))
    except (EndOfInput, Interrupted):
        return 0
    if screen.can_ask:
        screen.note(_GREETING.format(model=talk.model))
    went_well = await Conversation(use_cases, screen, talk).hold()
    return 0 if went_well or screen.can_ask else EXIT_FAILED


async def _begin(talk: Talk, options: ChatOptions) -> None:
    """Raises what `choose_model`, `resume` and `use_model` raise."""
    if options.session_id is None:
        talk.model = await choose_model(talk.use_cases, talk.screen, options.model)
        return
    await talk.resume(options.session_id)
    if options.model:
        await talk.use_model(options.model)
