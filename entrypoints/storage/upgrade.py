"""`mochi-server storage upgrade`: the tables of a database made those of this program."""

import asyncio
import sys

from entrypoints.arguments import DISTRIBUTION
from entrypoints.container import Container
from entrypoints.settings import Settings, settings_without_effect


def run_upgrade(settings: Settings) -> int:
    """The exit code: 0 where the tables are current then, 1 where that cannot be. Raises MochiError."""
    if without_effect := settings_without_effect(settings):
        sys.stderr.write(f"{DISTRIBUTION} storage: {without_effect[0]}\n")
        return 1
    if settings.storage != "sql":
        sys.stdout.write(f"The storage `{settings.storage}` has no tables: there is nothing to upgrade.\n")
        return 0
    has_changed = asyncio.run(_upgrade(settings))
    sys.stdout.write("The database was upgraded.\n" if has_changed else "The database is current already.\n")
    return 0


async def _upgrade(settings: Settings) -> bool:
    database = Container(settings=settings).database()
    try:
        return await database.upgrade()
    finally:
        await database.aclose()
