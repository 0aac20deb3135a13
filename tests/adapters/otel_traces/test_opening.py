"""Traces are made where the environment asks for them, and cost nothing where it does not."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from adapters.otel_traces.opening import is_wanted, open_traces
from application.ports.telemetry import RunReport

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "mochi"}, False),
        ({ENDPOINT: "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", ENDPOINT: "http://collector:4318"}, False),
        ({"OTEL_SDK_DISABLED": "true", ENDPOINT: "http://collector:4318"}, False),
        ({ENDPOINT: ""}, False),
    ],
)
def test_they_are_wanted_where_somebody_says_where_to(environment: Mapping[str, str], wanted: bool) -> None:
    assert is_wanted(environment) is wanted


def test_nobody_who_did_not_ask_loads_anything_of_it() -> None:
    program = """
import sys
from entrypoints.container import Container
from entrypoints.settings import Settings
container = Container(settings=Settings(llm="demo", storage="memory"))
container.telemetry()
print([name for name in sys.modules if name.partition(".")[0] in {"opentelemetry", "requests", "google"}])
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    loaded = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=60
    )

    assert loaded.stdout == "[]\n"


def test_without_the_extra_the_log_says_so(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setattr("adapters.otel_traces.opening.find_spec", lambda _name: None)

    assert open_traces(version="1", provider_name="demo") == ()
    assert "mochi-server[otel]" in caplog.text


class Collector:
    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.app = web.Application()
        self.app.router.add_post("/v1/traces", self._take)

    async def _take(self, request: web.Request) -> web.Response:
        taken = ExportTraceServiceRequest()
        taken.ParseFromString(await request.read())
        self.requests.append(taken)
        return web.Response()


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    collector = Collector()
    server = TestServer(collector.app)
    await server.start_server()
    monkeypatch.setenv(ENDPOINT, str(server.make_url("/")))
    yield collector
    await server.close()


async def test_a_collector_has_the_spans_by_the_time_the_server_has_stopped(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    (traces,) = open_traces(version="1.2.3", provider_name="demo")
    with traces.during(RunReport(run_id="0" * 16, session_id="1" * 10)):
        pass
    await traces.aclose()

    (taken,) = collector.requests
    (of_resource,) = taken.resource_spans
    said = {each.key: each.value.string_value for each in of_resource.resource.attributes}
    assert said["service.name"] == "mochi-server"
    assert said["service.version"] == "1.2.3"
    assert said["deployment.environment.name"] == "test"
    assert [span.name for span in of_resource.scope_spans[0].spans] == ["invoke_workflow run"]


async def test_the_environments_own_name_for_the_service_counts(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "kitchen")
    (traces,) = open_traces(version="1.2.3", provider_name="demo")
    with traces.during(RunReport(run_id="0" * 16, session_id="1" * 10)):
        pass
    await traces.aclose()

    said = {each.key: each.value.string_value for each in collector.requests[0].resource_spans[0].resource.attributes}
    assert said["service.name"] == "kitchen"
