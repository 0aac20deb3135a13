"""What calling Python tools costs: warm and cold calls, the load of a folder, and many at once.

`python -m benchmarks.tool_calls [--rounds 200]`. Medians in milliseconds; the CPU time is the server's process alone.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Final

from adapters.python_tools.toolbox import PythonToolbox

AT_ONCE: Final = 100
SOURCES: Final = 20
TIMEOUT_SECONDS: Final = 30.0
WARM_WALL_MS: Final = 3.0
WARM_CPU_MS: Final = 1.0
EMPTY: Final = "def empty{}() -> str:\n    return ''\n\ndef echo{}(text: str) -> str:\n    return text\n"
ENDING: Final = "import os\n\ndef end() -> str:\n    os._exit(0)\n\ndef cold() -> str:\n    return ''\n"


@asynccontextmanager
async def opened(folder: Path, sources: dict[str, str]) -> AsyncIterator[PythonToolbox]:
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    toolbox = PythonToolbox(folder=folder, python=None, timeout_seconds=TIMEOUT_SECONDS)
    await toolbox.open()
    try:
        yield toolbox
    finally:
        await toolbox.aclose()


async def text_of(toolbox: PythonToolbox, tool: str, **arguments: str) -> str:
    outcome = await toolbox.call(tool, arguments)
    assert outcome.success, outcome.text
    return outcome.text


async def report_load(folder: Path, rounds: int) -> None:
    """From opening until the inventory is there, the start of the fork server included."""
    for count in (1, SOURCES):
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            async with opened(
                folder, {f"s{index}.py": EMPTY.format(index, index) for index in range(count)}
            ) as toolbox:
                assert len((await toolbox.inventory()).tools) == 2 * count
                times.append((time.perf_counter() - began) * 1000)
        print(f"load of {count} sources: {median(times):.0f} wall")


async def report_warm(toolbox: PythonToolbox, rounds: int) -> None:
    for what, tool, arguments in (
        ("an empty tool", "empty", {}),
        ("10,000 characters there and back", "echo", {"text": "x" * 10_000}),
    ):
        wall, cpu = [], []
        for _ in range(rounds):
            wall_start, cpu_start = time.perf_counter(), time.process_time()
            await text_of(toolbox, tool, **arguments)
            wall.append((time.perf_counter() - wall_start) * 1000)
            cpu.append((time.process_time() - cpu_start) * 1000)
        is_met = median(wall) <= WARM_WALL_MS and median(cpu) <= WARM_CPU_MS
        print(
            f"warm call, {what}: {median(wall):.2f} wall, {median(cpu):.2f} CPU; worst {max(wall):.1f} wall "
            f"({'met' if is_met else 'missed'}: at most {WARM_WALL_MS:g} wall, {WARM_CPU_MS:g} CPU)"
        )


async def report_cold(toolbox: PythonToolbox, rounds: int) -> None:
    """Each after a call that ended its worker: a fork, and the load of the module."""
    times = []
    for _ in range(rounds):
        await toolbox.call("end", {})
        began = time.perf_counter()
        await text_of(toolbox, "cold")
        times.append((time.perf_counter() - began) * 1000)
    print(f"cold call: {median(times):.1f} wall; worst {max(times):.1f}")


async def report_many(toolbox: PythonToolbox, rounds: int) -> None:
    times, lost = [], 0
    for _ in range(rounds):
        began = time.perf_counter()
        texts = await asyncio.gather(*(text_of(toolbox, "echo", text=str(number)) for number in range(AT_ONCE)))
        times.append((time.perf_counter() - began) * 1000)
        lost += sum(text != str(number) for number, text in enumerate(texts))
    print(f"{AT_ONCE} calls at once: {median(times):.0f} wall in all; {lost} of {AT_ONCE * rounds} lost")


async def measure(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        await report_load(Path(folder), max(1, rounds // 40))
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder), {"empty.py": EMPTY.format("", ""), "ending.py": ENDING}) as toolbox:
            await toolbox.inventory()
            await report_warm(toolbox, rounds)
            await report_cold(toolbox, max(1, rounds // 4))
            await report_many(toolbox, max(1, rounds // 20))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    asyncio.run(measure(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
