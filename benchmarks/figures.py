"""What is measured, and against which targets."""

from typing import Final

from benchmarks.effort import Effort
from benchmarks.relaying import Load, compare
from benchmarks.table import Row

CPU_RATIO: Final = 1.5


async def paced(effort: Effort) -> list[Row]:
    load = Load(50, effort.tokens, 50)
    compared = await compare(load, effort.compared, effort.pairs)
    return [
        compared.cpu_row(str(load), CPU_RATIO),
        compared.delay_row("the same", 50, ms_more=0.5),
        compared.delay_row("the same", 99, times=2),
        compared.lost_row("the same"),
    ]


async def bursts(effort: Effort) -> list[Row]:
    rows = []
    for per_write in (32, 1):
        load = Load(20, 2000, per_write=per_write)
        compared = await compare(load, effort.compared, effort.pairs)
        rows += [compared.cpu_row(str(load), CPU_RATIO), compared.lost_row("the same")]
    return rows
