"""Everything that is told of the server's work: a new adapter is one more entry here."""

from collections.abc import Callable

from opentelemetry.sdk.trace import TracerProvider

from adapters.log_lines.telemetry import LogLines
from adapters.memory.telemetry import MemoryTelemetry
from adapters.otel_traces.telemetry import OtelTraces
from adapters.prometheus_metrics.telemetry import PrometheusMetrics
from application.all_telemetry import AllTelemetry
from application.ports.telemetry import Telemetry
from tests.fakes.clock import FakeClock


def prometheus() -> Telemetry:
    return PrometheusMetrics(clock=FakeClock(), version="1.2.3")


def log_lines() -> Telemetry:
    return LogLines(clock=FakeClock(), quiet_routes=("/quiet",))


def otel() -> Telemetry:
    return OtelTraces(TracerProvider(shutdown_on_exit=False), provider_name="demo")


def everybody() -> Telemetry:
    return AllTelemetry([MemoryTelemetry(), prometheus()], [log_lines(), otel()])


TELEMETRY: dict[str, Callable[[], Telemetry]] = {
    "memory": MemoryTelemetry,
    "prometheus": prometheus,
    "log": log_lines,
    "otel": otel,
    "all": everybody,
    "nobody": AllTelemetry,
}
