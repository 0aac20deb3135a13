"""Reports as spans, named as OpenTelemetry's conventions for generative AI name them (1.41).

No span holds content: those of the conventions' attributes that would are left out.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from opentelemetry import context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from adapters.otel_traces.attributes import WorkReport, attributes_at_end, attributes_at_start, name_of
from application.ports import telemetry as ports

_STOP_SECONDS = 2.0
"""How long a stop waits for the last spans to be taken: a collector that is away must not hold it up."""


class OtelTraces(ports.Telemetry):
    """A run is a trace of its own, or a part of that which the request's `traceparent` names."""

    def __init__(self, provider: TracerProvider, *, provider_name: str) -> None:
        """`provider_name` says whose models are asked: `ollama`."""
        self._provider = provider
        self._tracer = provider.get_tracer("mochi_server")
        self._provider_name = provider_name
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def during(self, report: ports.Report) -> Iterator[None]:
        match report:
            case ports.StreamReport():
                yield
            case ports.RequestReport():
                with self._within(report.traceparent):
                    yield
            case _:
                with self._span(report):
                    yield

    async def aclose(self) -> None:
        """Send what is still to be sent, for as long as a stop may take."""
        # Not by a thread of the loop's alone: those are waited for at the end of the process, however long they take.
        closing = Thread(target=self._provider.shutdown, name="otel-shutdown", daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, _STOP_SECONDS)

    @contextmanager
    def _within(self, traceparent: str | None) -> Iterator[None]:
        if traceparent is None:
            yield
            return
        token = context.attach(self._propagator.extract({"traceparent": traceparent}))
        try:
            yield
        finally:
            context.detach(token)

    @contextmanager
    def _span(self, report: WorkReport) -> Iterator[None]:
        attributes = attributes_at_start(report, self._provider_name)
        kind = SpanKind.CLIENT if isinstance(report, ports.QuestionReport) else SpanKind.INTERNAL
        # An exception's text may be content: it is not recorded.
        with self._tracer.start_as_current_span(
            name_of(report), kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            finally:
                span.set_attributes(attributes_at_end(report))
                # Who cuts a piece of work short has not seen it fail.
                if report.error_code not in (None, ports.CUT):
                    span.set_status(Status(StatusCode.ERROR))
