"""`mochi-server storage …`, put together: places, work, and exit codes."""

import asyncio
import sys
from collections.abc import Coroutine, Mapping
from typing import Any

from domain.errors import MochiError
from entrypoints.arguments import DISTRIBUTION, StorageArguments
from entrypoints.folders import prepare_folders
from entrypoints.settings import WrongSetting, read_settings
from entrypoints.storage.checking import check
from entrypoints.storage.copying import copy
from entrypoints.storage.places import place_of, place_of_settings
from entrypoints.storage.report import Report, counted
from entrypoints.storage.upgrade import run_upgrade

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def run_storage(arguments: StorageArguments, flags: Mapping[str, str]) -> int:
    """The exit code: 0 where all is well, 1 where something is not or cannot be done, 130 after Ctrl-C.

    Raises WrongSetting.
    """
    try:
        return _upgrade(flags) if arguments.action == "upgrade" else _work_with_report(arguments, flags)
    except KeyboardInterrupt:
        return _complain("stopped; the same command goes on from here", EXIT_INTERRUPTED)
    except MochiError as error:
        return _complain(error.message, EXIT_FAILED)


def _upgrade(flags: Mapping[str, str]) -> int:
    settings = read_settings(flags)
    prepare_folders(settings)
    return run_upgrade(settings)


def _work_with_report(arguments: StorageArguments, flags: Mapping[str, str]) -> int:
    report = Report(sys.stdout, sys.stderr)
    asyncio.run(_copying(arguments, flags, report) if arguments.action == "copy" else _checking(flags, report))
    if report.problem_count:
        return _complain(f"{counted(report.problem_count, 'problem')}, named above", EXIT_FAILED)
    return 0


def _copying(arguments: StorageArguments, flags: Mapping[str, str], report: Report) -> Coroutine[Any, Any, None]:
    source = place_of(arguments.source, "--from", flags)
    target = place_of(arguments.target, "--to", flags)
    if source.is_the_same_as(target):
        raise WrongSetting(f"--from and --to are the same place: {source.label}")
    source.require_something()
    prepare_folders(target.settings)
    return copy(source, target, report)


def _checking(flags: Mapping[str, str], report: Report) -> Coroutine[Any, Any, None]:
    place = place_of_settings(read_settings(flags))
    place.require_something()
    return check(place, report)


def _complain(reason: str, exit_code: int) -> int:
    sys.stderr.write(f"{DISTRIBUTION} storage: {reason}\n")
    return exit_code
