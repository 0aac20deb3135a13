"""What is measured, and against which targets."""

from collections.abc import Awaitable, Callable, Mapping
from statistics import median
from typing import Final

from benchmarks.effort import Effort
from benchmarks.health import health_while_relaying
from benchmarks.relaying import Load, compare, percentile
from benchmarks.relays import Name
from benchmarks.requests import first_deltas, lists, short_turns
from benchmarks.resting import idle_streams, rests
from benchmarks.table import Row, Target

BARE: Final = "bare relay"
MOCHI: Final = "mochi-server"
IN_MEMORY: Final = "mochi-server in memory"
PAIR: Final[tuple[Name, ...]] = (BARE, MOCHI)
CPU_RATIO: Final = 1.5
SPREAD_OF_MANY: Final = 4.0


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


async def many_streams(effort: Effort) -> list[Row]:
    load = Load(500, effort.tokens // 4, 10, spread=SPREAD_OF_MANY)
    compared = await compare(load, PAIR, effort.rounds)
    return [
        compared.cpu_row(str(load)),
        compared.delay_row("the same", 50),
        compared.delay_row("the same", 99, times=2),
        compared.lost_row("the same"),
    ]


async def health(effort: Effort) -> list[Row]:
    load = Load(200, effort.tokens // 2, 20, spread=SPREAD_OF_MANY)
    times = await health_while_relaying(load)
    figure = f"health during {load}"
    return [
        Row(f"{figure}, p50", "ms", {MOCHI: median(times)}),
        Row("the same, p99", "ms", {MOCHI: percentile(times, 99)}),
    ]


async def first_delta(effort: Effort) -> list[Row]:
    times = await first_deltas((*effort.compared, IN_MEMORY), effort.rounds, requests=40)
    storing = times[MOCHI] - times[IN_MEMORY]
    late = Target("ms later than bare, storing aside, at most", 3, times[IN_MEMORY] - times[BARE])
    shown = {name: times[name] for name in effort.compared}
    return [
        Row("request to first piece of text, p50", "ms", shown, times[MOCHI] / times[BARE], [late]),
        Row("of it storing", "ms", {MOCHI: storing}),
    ]


async def idle_memory(effort: Effort) -> list[Row]:
    found = await idle_streams(PAIR, effort.rounds, streams=500)
    target = Target("at most", 60, found[MOCHI])
    return [Row("memory of an open idle stream, of 500", "KiB", found, found[MOCHI] / found[BARE], [target])]


async def turns(effort: Effort) -> list[Row]:
    short, long = 10, 1000
    costs = await short_turns((short, long), effort.rounds)
    cpu, wall = costs[long].cpu / costs[short].cpu, costs[long].wall / costs[short].wall
    figure = "turn of one token after {} messages"
    return [
        Row(figure.format(short), "ms CPU", {MOCHI: costs[short].cpu}),
        Row("the same", "ms, the model's aside", {MOCHI: costs[short].wall}),
        Row(
            figure.format(long),
            "ms CPU",
            {MOCHI: costs[long].cpu},
            targets=[Target("times that of 10, at most", 2, cpu)],
        ),
        Row(
            "the same",
            "ms, the model's aside",
            {MOCHI: costs[long].wall},
            targets=[Target("times that of 10, at most", 2, wall)],
        ),
    ]


async def listing(effort: Effort) -> list[Row]:
    rows = []
    for sessions in (1000, 10_000):
        first, later = await lists(sessions, effort.rounds)
        rows += [
            Row(f"first page of 50 of {sessions} sessions, after the start", "ms", {MOCHI: first.wall}),
            Row("the same", "ms CPU", {MOCHI: first.cpu}),
            Row(f"first page of 50 of {sessions} sessions, later", "ms", {MOCHI: later.wall}),
            Row("the same", "ms CPU", {MOCHI: later.cpu}),
        ]
    return rows


async def start(effort: Effort) -> list[Row]:
    found = await rests(PAIR, effort.pairs)
    seconds = {name: rest.start_s for name, rest in found.items()}
    memory = {name: rest.resident_mib for name, rest in found.items()}
    return [
        Row("start to first answer of health", "s", seconds, targets=[Target("under", 1, seconds[MOCHI])]),
        Row("memory at rest", "MiB", memory, targets=[Target("under", 70, memory[MOCHI])]),
    ]


FIGURES: Final[Mapping[str, Callable[[Effort], Awaitable[list[Row]]]]] = {
    "paced": paced,
    "bursts": bursts,
    "many-streams": many_streams,
    "health": health,
    "first-delta": first_delta,
    "idle-memory": idle_memory,
    "turns": turns,
    "listing": listing,
    "start": start,
}
