"""What those who operate the server ask it: is it ready, what did it do, which request was that?"""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from application.ports import storage_probe as ports
from application.ports.telemetry import RequestReport
from domain.errors import StorageFailed
from mochi_server import __version__
from tests.http.bench import VERSION, Client, ClientFactory, HttpBench, error_of, json_of
from tests.http.requests_of import ALL_REQUESTS

READY = "/api/v1/ready"
METRICS = "/metrics"


class FullDisk(ports.StorageProbe):
    async def try_writing(self) -> None:
        raise StorageFailed("No space left on device.")


async def figures(client: Client) -> dict[str, float]:
    """Each figure by its name and labels as they are written."""
    answer = await client.get(METRICS)
    assert answer.status == 200
    text = await answer.text()
    list(text_string_to_metric_families(text))  # It can be read.
    return {name: float(value) for name, value in re.findall(r"^([^#\s].*) (\S+)$", text, re.MULTILINE)}


async def test_a_server_that_can_do_its_work_is_ready(client: Client) -> None:
    assert await json_of(await client.get(READY)) == {
        "status": "ready",
        "version": VERSION,
        "storage": "writable",
        "models": "reachable",
    }


async def test_a_built_in_model_is_always_there(client: Client, bench: HttpBench) -> None:
    bench.catalog.reachable = None

    assert (await json_of(await client.get(READY)))["models"] == "built_in"


async def test_without_the_models_server_it_is_not_ready_and_healthy_all_the_same(
    client: Client, bench: HttpBench
) -> None:
    bench.catalog.reachable = False
    details = await error_of(await client.get(READY), 503, "OLLAMA_UNREACHABLE")

    assert details == {"storage": "writable", "models": "unreachable"}
    assert (await client.get("/api/v1/health")).status == 200


async def test_with_a_store_that_refuses_it_is_not_ready(start_client: ClientFactory, bench: HttpBench) -> None:
    with bench.container.storage_probe.override(FullDisk()):
        client = await start_client(bench.app())
    details = await error_of(await client.get(READY), 503, "STORAGE_ERROR")

    assert details == {"storage": "failed", "models": "reachable"}


@pytest.mark.parametrize("path", [READY, METRICS])
async def test_both_need_a_key_where_there_are_keys(start_client: ClientFactory, bench: HttpBench, path: str) -> None:
    client = await start_client(bench.app(api_keys=("a-key",)))
    await error_of(await client.get(path), 401, "UNAUTHORIZED")

    assert (await client.get(path, headers={"Authorization": "Bearer a-key"})).status == 200


async def test_requests_are_counted_under_their_routes(client: Client) -> None:
    for session_id in ("0000000000", "1111111111"):
        await client.get(f"/api/v1/sessions/{session_id}")
    await client.get("/of/ones/own/invention?q=secret")
    await client.request("BREW", "/api/v1/health")
    counted = await figures(client)
    route = 'route="/api/v1/sessions/{session_id}"'

    assert counted[f'mochi_http_requests_total{{method="GET",{route},status="404"}}'] == 2
    assert counted['mochi_http_requests_total{method="GET",route="none",status="404"}'] == 1
    assert counted['mochi_errors_total{code="SESSION_NOT_FOUND",of="request"}'] == 2
    assert not [name for name in counted if "0000000000" in name or "invention" in name or "secret" in name]
    assert not [name for name in counted if "BREW" in name]


async def test_every_route_is_a_label_of_its_own(client: Client) -> None:
    for valid in ALL_REQUESTS:
        if not valid.operation.streams:
            await client.request(valid.method, valid.path, headers={"Host": "evil.example"})
    counted = await figures(client)

    for valid in ALL_REQUESTS:
        labels = f'method="{valid.method}",route="{valid.operation.path}",status="421"'
        assert valid.operation.streams or counted[f"mochi_http_requests_total{{{labels}}}"] == 1


async def test_the_text_is_prometheus_own(client: Client) -> None:
    answer = await client.get(METRICS)

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert (await figures(client))[f'mochi_build_info{{version="{__version__}"}}'] == 1


async def test_every_answer_names_its_request(client: Client, bench: HttpBench) -> None:
    ids = [(await client.get(path)).headers["X-Request-ID"] for path in ("/api/v1/health", "/nowhere", READY)]
    told = [report.request_id for report in bench.telemetry.ended if isinstance(report, RequestReport)]

    assert len(set(ids)) == 3
    assert ids == told


async def test_a_fault_is_found_in_the_log_under_the_id_that_the_answer_names(
    client: Client, bench: HttpBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.catalog.error = RuntimeError("broken")  # type: ignore[assignment]  # such as nobody thought of
    answer = await client.get("/api/v1/models")
    details = await error_of(answer, 500, "INTERNAL_ERROR")

    assert details == {"request_id": answer.headers["X-Request-ID"]}
    assert details["request_id"] in caplog.text
