"""The figures, by name, in a registry of their own. `docs/operations.md` has them as a table."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, ProcessCollector
from prometheus_client.registry import Collector

_SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_LONG = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)


class Families(Collector):
    """Times are in seconds."""

    def __init__(self, version: str) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        build = Gauge("mochi_build_info", "The version that runs; always 1", ["version"], registry=registry)
        build.labels(version).set(1)
        self.requests = Counter(
            "mochi_http_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "mochi_http_request_seconds",
            "From a request's arrival to the end of its handling; streams last as long as their reader stays",
            ["method", "route"],
            buckets=_LONG,
            registry=registry,
        )
        self.open_streams = Gauge("mochi_open_streams", "Connections that events are written to", registry=registry)
        self.runs = Counter("mochi_runs", "Runs that ended", ["status"], registry=registry)
        self.run_seconds = Histogram(
            "mochi_run_seconds", "From a run's first step to its end", buckets=_LONG, registry=registry
        )
        self.runs_at_work = Gauge(
            "mochi_runs_at_work", "Runs at work, those that wait for a person included", registry=registry
        )
        self.questions = Counter(
            "mochi_model_requests", "Questions to models", ["model", "purpose", "outcome"], registry=registry
        )
        self.tokens = Counter("mochi_tokens", "Tokens as the model counted them", ["model", "kind"], registry=registry)
        self.first_piece = Histogram(
            "mochi_time_to_first_token_seconds",
            "From a question to the first piece of its answer",
            ["model"],
            buckets=_LONG,
            registry=registry,
        )
        self.added_delay = Histogram(
            "mochi_added_delay_seconds",
            "From a request's arrival to its first question to a model: the server's own part",
            buckets=_SHORT,
            registry=registry,
        )
        self.reloads = Counter(
            "mochi_model_reloads", "Models loaded anew for a window of another size", ["model"], registry=registry
        )
        self.tool_calls = Counter("mochi_tool_calls", "Calls of tools", ["tool", "outcome"], registry=registry)
        self.tool_seconds = Histogram(
            "mochi_tool_call_seconds", "Time of a tool's call", ["tool"], buckets=_LONG, registry=registry
        )
        self.agent_tasks = Counter("mochi_agent_tasks", "Delegations", ["agent", "outcome"], registry=registry)
        self.agent_seconds = Histogram(
            "mochi_agent_task_seconds", "Time of a delegation", ["agent"], buckets=_LONG, registry=registry
        )
        self.errors = Counter(
            "mochi_errors", "Errors by code, of requests and of runs", ["code", "of"], registry=registry
        )

    def collect(self) -> Iterator[Metric]:
        """Without the times at which series began, which are as many again and nobody's question."""
        for family in self._registry.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family
