"""Where spans go: to a collector, by OTLP over HTTP, or to the standard output, as the variables of the SDK say."""

import os

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

SERVICE_NAME = "mochi-server"


def provider_of_environment(version: str) -> TracerProvider:
    """Its sampler, batches, limits, headers and time-outs are the SDK's, from `OTEL_*`; nothing is set globally."""
    provider = TracerProvider(resource=_resource(version))
    provider.add_span_processor(BatchSpanProcessor(_exporter()))
    return provider


def _resource(version: str) -> Resource:
    """What the environment says of the service comes before what we do."""
    own = Resource.create({"service.name": SERVICE_NAME, "service.version": version})
    return own.merge(OTELResourceDetector().detect())


def _exporter() -> SpanExporter:
    names = os.environ.get("OTEL_TRACES_EXPORTER", "")
    return ConsoleSpanExporter() if names.strip().lower() == "console" else OTLPSpanExporter()
