"""Traces where the environment asks for them by OpenTelemetry's own variables."""

import logging
import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.otel_traces.telemetry import OtelTraces

_log = logging.getLogger(__name__)

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def open_traces(*, version: str, provider_name: str) -> Sequence["OtelTraces"]:
    """The one that exports what it is told; none where nobody asks for it, or the extra `otel` is not installed."""
    if not is_wanted(os.environ):
        return ()
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        _log.warning(
            "OTEL_* variables ask for traces, but the extra `otel` is not installed: pip install 'mochi-server[otel]'"
        )
        return ()
    # It takes a third of a second and 20 MB, which who wants no traces is spared.
    from adapters.otel_traces.exporting import provider_of_environment  # noqa: PLC0415 - for that reason
    from adapters.otel_traces.telemetry import OtelTraces  # noqa: PLC0415 - likewise

    return (OtelTraces(provider_of_environment(version), provider_name=provider_name),)


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether somebody asks for traces: the SDK's own default, a collector on this machine, is nobody's wish."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporter == "none":
        return False
    return bool(exporter) or any(environment.get(name) for name in _ENDPOINTS)
