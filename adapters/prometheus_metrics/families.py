"""The figures, by name, in a registry of their own. `docs/operations.md` has them as a table."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, ProcessCollector
from prometheus_client.registry import Collector

_SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_LONG = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)


class Families(Collector):
    """Times are in seconds."""

    def __init__(self, version: str) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._gauge("mochi_build_info", "The version that runs; always 1", "version").labels(version).set(1)
        self._add_requests()
        self._add_runs()
        self._add_questions()
        self._add_tools_and_agents()
        self.errors = self._counter("mochi_errors", "Errors by code, of requests and of runs", "code", "of")

    def collect(self) -> Iterator[Metric]:
        """Without the times at which series began, which are as many again and nobody's question."""
        for family in self._registry.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family

    def _add_requests(self) -> None:
        self.requests = self._counter("mochi_http_requests", "Requests answered", "method", "route", "status")
        self.request_seconds = self._histogram(
            "mochi_http_request_seconds",
            "From a request's arrival to the end of its handling; streams last as long as their reader stays",
            *("method", "route"),
        )
        self.open_streams = self._gauge("mochi_open_streams", "Connections that events are written to")

    def _add_runs(self) -> None:
        self.runs = self._counter("mochi_runs", "Runs that ended", "status")
        self.run_seconds = self._histogram("mochi_run_seconds", "From a run's first step to its end")
        self.runs_at_work = self._gauge("mochi_runs_at_work", "Runs at work, those that wait for a person included")

    def _add_questions(self) -> None:
        self.questions = self._counter("mochi_model_requests", "Questions to models", "model", "purpose", "outcome")
        self.tokens = self._counter("mochi_tokens", "Tokens as the model counted them", "model", "kind")
        self.first_piece = self._histogram(
            "mochi_time_to_first_token_seconds", "From a question to the first piece of its answer", "model"
        )
        self.added_delay = self._histogram(
            "mochi_added_delay_seconds",
            "From a request's arrival to its first question to a model: the server's own part",
            buckets=_SHORT,
        )
        self.reloads = self._counter("mochi_model_reloads", "Models loaded anew for a window of another size", "model")

    def _add_tools_and_agents(self) -> None:
        self.tool_calls = self._counter("mochi_tool_calls", "Calls of tools", "tool", "outcome")
        self.tool_seconds = self._histogram("mochi_tool_call_seconds", "Time of a tool's call", "tool")
        self.agent_tasks = self._counter("mochi_agent_tasks", "Delegations", "agent", "outcome")
        self.agent_seconds = self._histogram("mochi_agent_task_seconds", "Time of a delegation", "agent")

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self._registry)

    def _histogram(self, name: str, meaning: str, *labels: str, buckets: tuple[float, ...] = _LONG) -> Histogram:
        return Histogram(name, meaning, labels, buckets=buckets, registry=self._registry)
