"""The pages that show the API: what is served of them, to whom, and how often."""

import gzip
import hashlib

import pytest

from entrypoints.http.routes.pages import FILES, PAGES, PageFile
from tests.http.bench import Client, ClientFactory, HttpBench

PATHS = ["/openapi.json", *(page_file.path for page_file in FILES)]
VENDORED = PAGES / "vendored"


@pytest.mark.parametrize("page_file", FILES, ids=lambda page_file: page_file.path)
async def test_a_file_is_served_as_what_it_is(client: Client, page_file: PageFile) -> None:
    answer = await client.get(page_file.path)
    assert answer.status == 200
    assert (answer.content_type, answer.charset) == (page_file.media_type, "utf-8")
    assert await answer.read() == (PAGES / page_file.file).read_bytes()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PATHS)
async def test_a_copy_is_asked_about_and_not_sent_again(client: Client, path: str) -> None:
    first = await client.get(path)
    tag = first.headers["ETag"]
    for known in (tag, f'"another", {tag}', tag.removeprefix("W/"), "*"):
        again = await client.get(path, headers={"If-None-Match": known})
        assert (again.status, await again.read()) == (304, b"")
        for header in ("ETag", "Cache-Control", "Vary"):
            assert again.headers.getall(header) == first.headers.getall(header)
    for strange in ('"another"', "nonsense", '"', "W/", "\xff", ""):
        answer = await client.get(path, headers={"If-None-Match": strange})
        assert (answer.status, await answer.read()) == (200, await first.read())


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, deflate", False),
        ("identity", False),
        ("x-gzipped", False),
        ("", False),
    ],
)
async def test_it_is_packed_for_those_who_can_unpack(client: Client, accepted: str, is_packed: bool) -> None:
    answer = await client.get("/docs", headers={"Accept-Encoding": accepted})
    assert (answer.headers.get("Content-Encoding") == "gzip") == is_packed
    assert "Accept-Encoding" in answer.headers.getall("Vary")
    assert await answer.read() == (PAGES / "docs.html").read_bytes()
    length = len(gzip.compress((PAGES / "docs.html").read_bytes(), mtime=0)) if is_packed else None
    assert length is None or int(answer.headers["Content-Length"]) == length


@pytest.mark.parametrize("path", PATHS)
async def test_head_tells_of_it(client: Client, path: str) -> None:
    answer = await client.head(path)
    assert (answer.status, await answer.read()) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_a_page_may_run_and_load_only_what_is_the_servers(client: Client, path: str) -> None:
    answer = await client.get(path)
    policy = dict(rule.partition(" ")[::2] for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert {policy[rule] for rule in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    page = await answer.text()
    assert "://" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count("<script src=") == 2


async def test_programs_of_others_may_be_kept_for_ever_and_the_rest_is_asked_about(client: Client) -> None:
    for page_file in FILES:
        caching = (await client.get(page_file.path)).headers["Cache-Control"]
        assert ("immutable" in caching) == page_file.file.startswith("vendored/")
        assert ("immutable" in caching) == any(number.isdigit() for number in page_file.path)


async def test_pages_need_no_key(start_client: ClientFactory, bench: HttpBench) -> None:
    client = await start_client(bench.app(api_keys=("a-key",)))
    assert {(await client.get(path)).status for path in PATHS} == {200}


def test_what_is_vendored_is_what_was_fetched() -> None:
    """As `make pages` wrote it; and nothing else lies beside it."""
    lines = (VENDORED / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDORED.iterdir()}
    del found["SHA256SUMS"]
    assert found == sums
    assert {f"vendored/{name}" for name in sums if name.endswith((".js", ".css"))} <= {each.file for each in FILES}
