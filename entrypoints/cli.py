"""The command `mochi-server`."""

import asyncio
import logging
import sys
from collections.abc import Sequence

from entrypoints.arguments import DISTRIBUTION, Arguments, parse_arguments
from entrypoints.folders import prepare_folders
from entrypoints.garbage import postpone_garbage, set_apart_what_stays
from entrypoints.logging_setup import LOGGER_NAME, configure_logging
from entrypoints.settings import Settings, WrongSetting, read_settings, settings_without_effect, unknown_variables

# What only one subcommand needs is imported when it is called: the server must be up within a second.
# ruff: noqa: PLC0415

EXIT_FAILED = 1
EXIT_WRONG_USE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 after a graceful end, 1 where something failed, 2 for a wrong flag or setting."""
    arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
    if arguments.command == "demo":
        from entrypoints.demo import run_demo

        return run_demo(keep=arguments.keep)
    try:
        if arguments.storage:
            from entrypoints.storage.program import run_storage

            return run_storage(arguments.storage, arguments.flags)
        settings = read_settings(arguments.flags)
        prepare_folders(settings)
    except WrongSetting as error:
        return _complain(error, EXIT_WRONG_USE)
    if arguments.command == "chat":
        from entrypoints.chat.program import ChatOptions, run_chat

        options = ChatOptions(model=arguments.model, session_id=arguments.session_id, think=arguments.think)
        return run_chat(settings, options)
    return _serve(settings, arguments)


def _serve(settings: Settings, arguments: Arguments) -> int:
    configure_logging(settings.log_level, settings.log_format)
    if arguments.reload:
        from entrypoints.reloading import serve_and_reload

        return serve_and_reload()
    for line in [*unknown_variables(), *settings_without_effect(settings)]:
        logging.getLogger(LOGGER_NAME).warning(line)

    postpone_garbage()
    from domain.errors import MochiError
    from entrypoints.lifespan import create_app
    from entrypoints.serving import CannotListen, loop_factory, serve

    set_apart_what_stays()
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(serve(create_app(settings), settings))
    except (CannotListen, MochiError) as error:
        return _complain(error, EXIT_FAILED)
    return 0


def _complain(error: Exception, exit_code: int) -> int:
    sys.stderr.write(f"{DISTRIBUTION}: {error}\n")
    return exit_code
