"""Tokens relayed: what each costs, how late it comes, and whether any is lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.programs import cpu_ns, double
from benchmarks.relays import Name, Relay, relays
from benchmarks.table import Row, Target

NS_A_US, NS_A_MS = 1000, 1_000_000


@dataclass(frozen=True, slots=True)
class Load:
    """`spread`: seconds over which the streams begin. Without a pace tokens come as fast as they go."""

    streams: int
    tokens: int
    per_second: float | None = None
    per_write: int = 1
    spread: float = 1.0

    @property
    def flags(self) -> list[str]:
        pace = ["--per-second", str(self.per_second), "--stamped"] if self.per_second else []
        return ["--tokens", str(self.tokens), "--per-write", str(self.per_write), *pace]

    def __str__(self) -> str:
        pace = f"{self.per_second:g} a second" if self.per_second else f"in bursts, {self.per_write} a write"
        return f"{self.streams} streams of {self.tokens} tokens, {pace}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """CPU time of the relay for an event, in µs; delays in ms, where there is a pace; pieces that never came."""

    cpu_us: float
    delays_ms: Sequence[float]
    lost: int


@dataclass(frozen=True, slots=True)
class Compared:
    """Outcomes of interleaved runs, by relay."""

    outcomes: dict[Name, list[Outcome]]

    def cpu_row(self, figure: str, limit: float | None = None) -> Row:
        cpu = {name: [outcome.cpu_us for outcome in outcomes] for name, outcomes in self.outcomes.items()}
        ratio = median(mine / bare for mine, bare in zip(cpu["mochi-server"], cpu["bare relay"], strict=True))
        targets = [] if limit is None else [Target("ratio at most", limit, ratio)]
        medians = {name: median(values) for name, values in cpu.items()}
        return Row(figure, "µs CPU an event", medians, ratio, targets)

    def delay_row(self, figure: str, percent: int, *, times: float | None = None, ms_more: float | None = None) -> Row:
        """`times`: at most so many times the bare relay's; `ms_more`: at most so many milliseconds more than it."""
        medians = {
            name: median(percentile(outcome.delays_ms, percent) for outcome in outcomes)
            for name, outcomes in self.outcomes.items()
        }
        mine, bare = medians["mochi-server"], medians["bare relay"]
        targets = [] if times is None else [Target("ratio at most", times, mine / bare)]
        targets += [] if ms_more is None else [Target("ms more than bare, at most", ms_more, mine - bare)]
        return Row(f"{figure}: delay of a token, p{percent}", "ms", medians, mine / bare, targets)

    def lost_row(self, figure: str) -> Row:
        lost = {name: float(sum(outcome.lost for outcome in outcomes)) for name, outcomes in self.outcomes.items()}
        target = Target("at most", 0, lost["mochi-server"])
        return Row(f"{figure}: tokens lost", "", lost, targets=[target])


async def compare(load: Load, names: Sequence[Name], rounds: int) -> Compared:
    """The same load on each of the relays in turn, `rounds` times."""
    outcomes: dict[Name, list[Outcome]] = {name: [] for name in names}
    async with double(*load.flags) as ollama, relays(names, ollama.url) as opened:
        for _ in range(rounds):
            for relay in opened:
                outcomes[relay.name].append(await carried(relay, load))
    return Compared(outcomes)


async def carried(relay: Relay, load: Load) -> Outcome:
    requests = await relay.requests(load.streams)
    began = cpu_ns(relay.program.pid)
    streams = await relay.read(requests, load.spread)
    took = cpu_ns(relay.program.pid) - began
    events = load.streams * load.tokens
    delays = [delay / NS_A_MS for stream in streams for delay in stream.delays_ns()] if load.per_second else []
    return Outcome(took / NS_A_US / events, delays, events - sum(stream.deltas for stream in streams))


def percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1]
