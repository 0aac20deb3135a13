"""What is told of the server's work, and to whom."""

from collections.abc import Sequence
from importlib import metadata

from dependency_injector import providers

from adapters.log_lines.telemetry import LogLines
from adapters.otel_traces.opening import open_traces
from adapters.prometheus_metrics.telemetry import PrometheusMetrics
from application.all_telemetry import AllTelemetry
from application.ports.telemetry import Telemetry
from entrypoints.container.foundations import Foundations
from entrypoints.container.lifecycles import Traces

QUIET_ROUTES = ("/api/v1/health", "/api/v1/ready", "/metrics")
"""What programs ask for every few seconds is no news in a log."""


settings = Foundations.settings
clock = Foundations.clock


class Telling(Foundations):
    """Lines of the log, figures, and traces where they are wanted."""

    version: providers.Provider[str] = providers.Callable(metadata.version, "mochi-server")
    metrics: providers.Provider[PrometheusMetrics] = providers.Singleton(
        PrometheusMetrics, clock=clock, version=version
    )
    traces: providers.Provider[Sequence[Traces]] = providers.Singleton(
        open_traces, version=version, provider_name=settings.provided.llm
    )
    telemetry: providers.Provider[Telemetry] = providers.Singleton(
        AllTelemetry,
        providers.List(providers.Singleton(LogLines, clock=clock, quiet_routes=QUIET_ROUTES), metrics),
        traces,
    )
