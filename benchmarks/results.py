"""The results as they are kept: with when, where and how they were taken."""

import os
import platform
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.table import Row, Target, markdown

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
PACKAGES: Final = ("mochi-server", "aiohttp", "uvloop", "orjson", "ollama", "httpx", "pydantic")


def write_results(rows: Sequence[Row], command: str) -> None:
    RESULTS.write_text(
        f"# Results\n\n"
        f"- taken: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n"
        f"- machine: {_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}\n"
        f"- Python {platform.python_version()}; {', '.join(f'{name} {version(name)}' for name in PACKAGES)}\n"
        f"- command: `{command}`\n\n"
        f"Medians of interleaved runs; [how each is measured](README.md). {_verdict(rows)}\n\n"
        f"{markdown(rows)}\n",
        encoding="utf-8",
    )


def _processor() -> str:
    match = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return match[1] if match else platform.machine()


def _verdict(rows: Iterable[Row]) -> str:
    targets: list[Target] = [target for row in rows for target in row.targets]
    met = sum(target.is_met for target in targets)
    return f"Of {len(targets)} targets {met} are met."
